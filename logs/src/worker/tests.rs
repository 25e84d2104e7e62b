//! The queue: bounds, wakeups, the end.

use std::sync::mpsc;

use visord_test_support::wait_until;

use super::*;

/// Numbers from 4 are urgent.
impl Command for usize {
    fn is_urgent(&self) -> bool {
        *self >= 4
    }
}

impl Command for mpsc::Sender<()> {}

impl<C> Sender<C> {
    /// How often the thread has looked for commands.
    pub(crate) fn wakeups(&self) -> u64 {
        self.0.state.lock().wakeups
    }
}

fn ends(limit: usize) -> (Sender<usize>, Inbox<usize>) {
    queue(limit).expect("a descriptor")
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

#[test]
fn a_full_queue_refuses_commands_but_urgent_ones() {
    let (sender, inbox) = ends(2);
    assert_eq!([1, 2, 3].map(|n| sender.send(n)), [Ok(()), Ok(()), Err(3)]);
    assert_eq!([4, 5, 6].map(|n| sender.send(n)), [Ok(()), Ok(()), Err(6)]);
    assert_eq!(inbox.take(None), Some(vec![1, 2, 4, 5]));
    assert_eq!(sender.send(3), Ok(()));
}

#[test]
fn a_closed_queue_is_finished_and_then_ends() {
    let (sender, inbox) = ends(9);
    sender.send(1).expect("room");
    let deadline = soon();
    sender.close(deadline);
    assert_eq!(sender.send(2), Err(2));
    assert_eq!(inbox.deadline(), Some(deadline));
    assert_eq!(inbox.take(None), Some(vec![1]));
    assert_eq!(inbox.take(None), None);
}

#[test]
fn what_a_thread_leaves_is_dropped_with_its_end() {
    let (sender, inbox) = queue::<mpsc::Sender<()>>(9).expect("a descriptor");
    let (reply, answer) = mpsc::channel();
    sender.send(reply.clone()).expect("room");
    drop(inbox);
    assert!(sender.send(reply).is_err());
    assert_eq!(answer.recv(), Err(mpsc::RecvError));
}

#[test]
fn a_command_wakes_a_thread_that_sleeps_and_an_urgent_one_a_thread_that_naps() {
    let (sender, inbox) = ends(usize::MAX);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| inbox.take(Some(soon())));
        sender.send(1).expect("room");
        assert_eq!(waiting.join().expect("no panic"), Some(vec![1]));
        let napping = scope.spawn(|| {
            inbox.nap(Duration::from_secs(20));
            inbox.take_now()
        });
        let sleep = || sender.0.state.lock().sleep;
        wait_until("the nap", || sleep() == Sleep::Nap);
        sender.send(2).expect("room");
        assert!(sleep() == Sleep::Nap, "it goes on napping");
        sender.send(4).expect("room");
        assert_eq!(napping.join().expect("no panic"), Some(vec![2, 4]));
    });
    assert_eq!(inbox.take(Some(Instant::now())), Some(vec![]));
}

#[test]
fn a_half_full_queue_ends_a_nap() {
    let (sender, inbox) = ends(4);
    sender.send(1).expect("room");
    sender.send(2).expect("room");
    let begun = Instant::now();
    inbox.nap(Duration::from_secs(20));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_thread_that_hangs_is_left_behind() {
    let (sender, inbox) = ends(9);
    let worker = Worker::start("test", sender, move || while inbox.take(None).is_some() {});
    assert!(worker.expect("a thread").stop(soon()));
    let (release, released) = mpsc::channel::<()>();
    let (sender, inbox) = ends(9);
    let worker = Worker::start("test", sender, move || {
        // an error is the release
        let _ = released.recv();
        drop(inbox);
    });
    assert!(!worker.expect("a thread").stop(Instant::now()));
    drop(release);
}
