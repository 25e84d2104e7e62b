//! What is kept and what is dropped.

use super::*;

fn publish(text: &str) -> Job {
    Job::Call(Call::Publish(text.into()))
}

fn tick(text: &str) -> Job {
    Job::Call(Call::Tick(text.into()))
}

fn handshake() -> Job {
    Job::Call(Call::Handshake)
}

/// What waits, in short.
fn waiting(queue: &Queue) -> Vec<String> {
    let jobs = &queue.waiting.lock().jobs;
    let shown = jobs.iter().map(|job| {
        if let Job::Call(Call::Publish(text) | Call::Tick(text)) = job {
            text.to_string()
        } else {
            format!("{job:?}")
        }
    });
    shown.collect()
}

#[test]
fn a_tick_takes_the_place_of_the_one_right_before() {
    let queue = Queue::default();
    for job in [tick("1"), tick("2"), publish("a"), tick("3"), tick("4")] {
        assert_eq!(queue.push(job), Ok(()));
    }
    assert_eq!(waiting(&queue), ["2", "a", "4"]);
}

#[test]
fn a_full_queue_drops_all() {
    let queue = Queue::default();
    for _ in 0..MOST {
        assert_eq!(queue.push(publish("a")), Ok(()));
    }
    let dropped = |jobs, is_news| Err(Dropped { jobs, is_news });
    assert_eq!(queue.push(publish("a")), dropped(MOST + 1, true));
    assert!(waiting(&queue).is_empty());

    // it was reported
    let long = "x".repeat(BYTES);
    assert_eq!(queue.push(publish(&long)), Ok(()));
    assert_eq!(queue.push(publish("a")), dropped(2, false));
    assert_eq!(queue.waiting.lock().bytes, 0);
    // and is again once a handshake began
    assert_eq!(queue.push(handshake()), Ok(()));
    assert_eq!(queue.push(publish(&(long + "x"))), dropped(2, true));
}

#[test]
fn a_failure_drops_what_came_before_the_last_handshake() {
    let queue = Queue::default();
    for job in [
        publish("a"),
        handshake(),
        publish("b"),
        handshake(),
        publish("c"),
    ] {
        assert_eq!(queue.push(job), Ok(()));
    }
    let (jobs, is_news) = (3, false);
    assert_eq!(queue.failed(), Dropped { jobs, is_news });
    assert_eq!(waiting(&queue), ["Call(Handshake)", "c"]);
    assert_eq!(queue.waiting.lock().bytes, 1);

    let queue = Queue::default();
    assert_eq!(queue.push(publish("a")), Ok(()));
    for (jobs, is_news) in [(1, true), (0, false)] {
        assert_eq!(queue.failed(), Dropped { jobs, is_news });
    }
    queue.succeeded();
    assert!(queue.failed().is_news);
    assert_eq!(queue.push(handshake()), Ok(()));
    assert!(!queue.failed().is_news, "the handshake decides");
}
