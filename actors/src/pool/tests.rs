//! The pool among stand-ins for the bus and for Process actors, on paused time.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use actix::Addr;
use tokio::time::sleep;
use visord_model::event::{EventDetail, EventKind, KindSet};
use visord_model::listener::EventLength;
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use super::*;
use crate::event_bus::{EventBus, Interest};
use crate::feed::Feed;
use crate::messages::event::{Publish, Subscribe};
use crate::tests::{Lines, on_paused_time, settle};

/// A Process actor and the listener in it.
struct Member {
    name: String,
    pool: Addr<ListenerPool>,
    seen: Rc<Seen>,
}

/// What a member was asked, and how it behaves.
#[derive(Default)]
struct Seen {
    envelopes: RefCell<Vec<(i32, String)>>,
    restarts: RefCell<Vec<i32>>,
    /// What becomes of envelopes; taken if not set.
    refusal: RefCell<Option<Undelivered>>,
    /// What the listener says to each envelope.
    answer: RefCell<&'static str>,
}

impl Seen {
    fn envelopes(&self) -> Vec<String> {
        self.envelopes
            .take()
            .into_iter()
            .map(|(_, data)| data)
            .collect()
    }

    /// The bodies only.
    fn bodies(&self) -> Vec<String> {
        let envelopes = self.envelopes();
        let body = |text: &String| text.split_once('\n').map(|(_, body)| body.to_owned());
        envelopes.iter().filter_map(body).collect()
    }
}

impl Actor for Member {
    type Context = Context<Self>;
}

impl Handler<ListenerRequest> for Member {
    type Result = ();

    fn handle(&mut self, msg: ListenerRequest, _ctx: &mut Self::Context) {
        let (pid, data) = match msg {
            ListenerRequest::Recover { pid } => {
                return self.seen.restarts.borrow_mut().push(pid);
            }
            ListenerRequest::Write { pid, data } => (pid, data),
        };
        let refusal = *self.seen.refusal.borrow();
        let outcome = refusal.map_or(Ok(()), Err);
        let tell = |event| self.pool.do_send(member_message(&self.name, event));
        tell(MemberEvent::Written { pid, outcome });
        if refusal.is_some() {
            return;
        }
        let text = String::from_utf8(data).expect("events of these tests are text");
        self.seen.envelopes.borrow_mut().push((pid, text));
        let data = self.seen.answer.borrow().as_bytes().to_vec();
        tell(MemberEvent::Output(data));
    }
}

fn member_message(process: &str, event: MemberEvent) -> MemberMessage {
    let process = process.into();
    MemberMessage { process, event }
}

struct Fixture {
    pool: Addr<ListenerPool>,
    numbers: Arc<Mutex<PoolNumbers>>,
    /// As the Supervisor's roster does it.
    members: RefCell<Vec<Addr<Member>>>,
    bus: Addr<EventBus>,
    log: Lines,
}

const OK: &str = "RESULT 2\nOKREADY\n";
const FAIL: &str = "RESULT 4\nFAILREADY\n";

fn start(buffer_size: usize) -> Fixture {
    start_with(PoolConfig {
        buffer_size,
        events: vec![EventKind::RemoteCommunication, EventKind::ProcessState],
        event_detail: EventDetail::Basic,
        event_length: EventLength::Characters,
        listener_recover: ListenerRecover::Never,
    })
}

fn start_with(config: PoolConfig) -> Fixture {
    start_with_log(config, Box::new(|| None))
}

fn start_settling(settle: Settle) -> Fixture {
    let config = PoolConfig {
        buffer_size: 10,
        events: vec![EventKind::RemoteCommunication],
        event_detail: EventDetail::Basic,
        event_length: EventLength::Characters,
        listener_recover: ListenerRecover::Never,
    };
    start_with_log(config, settle)
}

fn start_with_log(config: PoolConfig, settle: Settle) -> Fixture {
    let log = Lines::default();
    let bus = EventBus::new(20, Interest::default(), Feed::default()).start();
    let pool = ListenerPool::new("pool".into(), "north".into(), &config, log.logger(), settle);
    let numbers = pool.numbers();
    let pool = pool.start();
    bus.do_send(Subscribe {
        name: "pool".into(),
        kinds: KindSet::subscribed(&config.events),
        recipient: pool.clone().recipient(),
    });
    let members = RefCell::default();
    Fixture {
        pool,
        numbers,
        members,
        bus,
        log,
    }
}

impl Fixture {
    fn join(&self, name: &str) -> Rc<Seen> {
        let seen = Rc::new(Seen::default());
        *seen.answer.borrow_mut() = OK;
        let member = Member {
            name: name.into(),
            pool: self.pool.clone(),
            seen: seen.clone(),
        }
        .start();
        self.pool.do_send(Join {
            process: name.into(),
            member: member.clone().recipient(),
        });
        self.members.borrow_mut().push(member);
        seen
    }

    fn changed(&self, name: &str, state: ProcessState, pid: i32) {
        let event = MemberEvent::Changed { state, pid };
        self.pool.do_send(member_message(name, event));
    }

    fn says(&self, name: &str, text: &str) {
        let event = MemberEvent::Output(text.into());
        self.pool.do_send(member_message(name, event));
    }

    /// RUNNING and READY.
    fn up(&self, name: &str, pid: i32) {
        self.changed(name, ProcessState::Starting, 0);
        self.changed(name, ProcessState::Running, pid);
        self.says(name, "READY\n");
    }

    fn remote(&self, data: &str) {
        self.bus.do_send(Publish(Event::Remote {
            kind: "t".into(),
            data: data.into(),
        }));
    }
}

#[test]
fn an_event_comes_again_when_its_rejection_is_in_the_log() {
    on_paused_time(async {
        let open = Rc::new(tokio::sync::Semaphore::new(0));
        let written = open.clone();
        let fixture = start_settling(Box::new(move || {
            let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
            let written = written.clone();
            actix_rt::spawn(async move {
                written.acquire().await.expect("open").forget();
                drop(sender);
            });
            Some(Box::pin(async move { drop(receiver.await) }))
        }));
        let seen = fixture.join("a");
        *seen.answer.borrow_mut() = FAIL;
        fixture.up("a", 7);
        fixture.remote("once");
        settle().await;
        assert_eq!(seen.bodies().len(), 1, "nothing was complained about");
        *seen.answer.borrow_mut() = OK;
        sleep(Duration::from_secs(1)).await;
        assert!(seen.bodies().is_empty(), "the log is not written yet");
        open.add_permits(1);
        settle().await;
        assert_eq!(seen.bodies().len(), 1);
        // one that is gone meanwhile gets nothing
        *seen.answer.borrow_mut() = FAIL;
        fixture.remote("twice");
        settle().await;
        assert_eq!(seen.bodies().len(), 1);
        fixture.changed("a", ProcessState::Exited, 0);
        open.add_permits(1);
        settle().await;
        assert!(seen.bodies().is_empty());
    });
}

#[test]
fn after_an_update_the_configured_order_counts() {
    on_paused_time(async {
        let fixture = start(10);
        let kept = fixture.join("b");
        fixture.join("gone");
        fixture.up("b", 7);
        let new = fixture.join("a");
        fixture.up("a", 8);
        let order = ["a".into(), "b".into()].to_vec();
        fixture.pool.do_send(Arrange(order));
        fixture.remote("one");
        settle().await;
        assert_eq!((new.bodies().len(), kept.bodies().len()), (1, 0));
        // answers still find their way
        *new.answer.borrow_mut() = "";
        fixture.remote("two");
        settle().await;
        fixture.remote("three");
        settle().await;
        assert_eq!((new.bodies().len(), kept.bodies().len()), (1, 1));
    });
}

#[test]
fn an_event_in_its_envelope() {
    on_paused_time(async {
        let fixture = start(10);
        let member = fixture.join("a");
        fixture.up("a", 7);
        fixture.remote("grün");
        fixture.bus.do_send(Publish(Event::SupervisorRunning));
        fixture.remote("again");
        settle().await;
        assert_eq!(
            member.envelopes.take(),
            [
                (
                    7,
                    "ver:3.0 server:north serial:20 pool:pool poolserial:0 \
                     eventname:REMOTE_COMMUNICATION len:11\ntype:t\ngrün"
                        .to_owned()
                ),
                (
                    7,
                    "ver:3.0 server:north serial:21 pool:pool poolserial:1 \
                     eventname:REMOTE_COMMUNICATION len:12\ntype:t\nagain"
                        .to_owned()
                ),
            ]
        );
        assert_eq!(
            fixture.log.take()[..6],
            [
                "DEBG a: ACKNOWLEDGED -> READY",
                "DEBG event 20 sent to listener a",
                "DEBG rebuffering event 21 for pool pool (buf size=0, max=10)",
                "DEBG a: event was processed",
                "DEBG a: BUSY -> ACKNOWLEDGED",
                "DEBG a: ACKNOWLEDGED -> READY",
            ]
        );
    });
}

#[test]
fn events_wait_for_running_and_ready() {
    on_paused_time(async {
        let fixture = start(10);
        let member = fixture.join("a");
        fixture.remote("one");
        fixture.changed("a", ProcessState::Starting, 0);
        fixture.says("a", "READY\n");
        fixture.remote("two");
        settle().await;
        assert_eq!(member.envelopes(), Vec::<String>::new());
        fixture.changed("a", ProcessState::Running, 7);
        settle().await;
        assert_eq!(member.bodies(), ["type:t\none", "type:t\ntwo"]);
    });
}

#[test]
fn a_failed_event_comes_again_at_once() {
    on_paused_time(async {
        let fixture = start(10);
        let member = fixture.join("a");
        *member.answer.borrow_mut() = "";
        fixture.up("a", 7);
        fixture.remote("one");
        fixture.remote("two");
        settle().await;
        assert_eq!(member.bodies(), ["type:t\none"]);
        *member.answer.borrow_mut() = OK;
        fixture.says("a", FAIL);
        settle().await;
        assert_eq!(member.bodies(), ["type:t\none", "type:t\ntwo"]);
    });
}

#[test]
fn members_are_served_in_the_order_of_joining() {
    on_paused_time(async {
        let fixture = start(10);
        let (a, b) = (fixture.join("a"), fixture.join("b"));
        *a.answer.borrow_mut() = "";
        *b.answer.borrow_mut() = "";
        fixture.up("b", 8);
        fixture.up("a", 7);
        fixture.remote("one");
        fixture.remote("two");
        fixture.remote("three");
        settle().await;
        assert_eq!(a.bodies(), ["type:t\none"]);
        assert_eq!(b.bodies(), ["type:t\ntwo"]);
        // a death gives its event to the next free member, before the one that waits
        fixture.changed("b", ProcessState::Exited, 8);
        fixture.says("a", OK);
        settle().await;
        assert_eq!(a.bodies(), ["type:t\ntwo"]);
    });
}

#[test]
fn overflow_is_logged_and_counted() {
    on_paused_time(async {
        let fixture = start(1);
        let _member = fixture.join("a");
        fixture.remote("lost");
        fixture.remote("kept");
        settle().await;
        let line = "ERRO pool pool event buffer overflowed, discarding event 20";
        assert_eq!(fixture.log.take(), [line]);
        let numbers = PoolNumbers {
            waiting: 1,
            held: 0,
            discarded: 1,
        };
        assert_eq!(*fixture.numbers.lock(), numbers);
    });
}

#[test]
fn refused_envelopes_go_to_the_next_member_or_stay() {
    on_paused_time(async {
        let fixture = start(10);
        let (a, b) = (fixture.join("a"), fixture.join("b"));
        *a.refusal.borrow_mut() = Some(Undelivered::Closed);
        *b.refusal.borrow_mut() = Some(Undelivered::Full);
        fixture.up("a", 7);
        fixture.up("b", 8);
        settle().await;
        fixture.log.take();
        fixture.remote("one");
        settle().await;
        assert_eq!(
            fixture.log.take(),
            [
                "DEBG epipe occurred while sending event 20 to listener a, listener state unchanged",
                "DEBG stdin of listener b is full, event 20 stays buffered",
                "DEBG rebuffering event 20 for pool pool (buf size=0, max=10)",
            ]
        );
        *b.refusal.borrow_mut() = None;
        let event = MemberEvent::StdinDrained { pid: 8 };
        fixture.pool.do_send(member_message("b", event));
        settle().await;
        assert_eq!(b.bodies(), ["type:t\none"]);
        assert_eq!(a.bodies(), Vec::<String>::new());
    });
}

#[test]
fn an_envelope_cut_short_is_taken_back() {
    on_paused_time(async {
        let fixture = start(10);
        let (a, b) = (fixture.join("a"), fixture.join("b"));
        *a.answer.borrow_mut() = "";
        fixture.up("a", 7);
        fixture.up("b", 8);
        fixture.remote("one");
        settle().await;
        assert_eq!(a.bodies(), ["type:t\none"]);
        let event = MemberEvent::StdinClosed { pid: 7 };
        fixture.pool.do_send(member_message("a", event));
        settle().await;
        assert_eq!(b.bodies(), ["type:t\none"]);
    });
}

/// A Process actor that ended, as after a panic.
struct Gone;

impl Actor for Gone {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        actix::ActorContext::stop(ctx);
    }
}

impl Handler<ListenerRequest> for Gone {
    type Result = ();

    fn handle(&mut self, _msg: ListenerRequest, _ctx: &mut Self::Context) {
        unreachable!("its mailbox is closed");
    }
}

#[test]
fn a_process_actor_that_ended_keeps_no_event() {
    on_paused_time(async {
        let fixture = start(10);
        let gone = Gone.start();
        fixture.pool.do_send(Join {
            process: "a".into(),
            member: gone.recipient(),
        });
        fixture.up("a", 7);
        settle().await;
        fixture.remote("one");
        settle().await;
        let member = fixture.join("b");
        fixture.up("b", 8);
        settle().await;
        assert_eq!(member.bodies(), ["type:t\none"]);
    });
}

#[test]
fn a_member_that_joins_again_keeps_its_place() {
    on_paused_time(async {
        let fixture = start(10);
        let (old, other) = (fixture.join("a"), fixture.join("b"));
        let new = fixture.join("a");
        fixture.up("b", 8);
        fixture.up("a", 7);
        fixture.remote("one");
        settle().await;
        assert_eq!(new.bodies(), ["type:t\none"]);
        assert_eq!((old.bodies().len(), other.bodies().len()), (0, 0));
    });
}

#[test]
fn a_removed_group_ends() {
    on_paused_time(async {
        let fixture = start(10);
        fixture.join("a");
        settle().await;
        let unsubscribe = crate::messages::event::Unsubscribe("pool".into());
        fixture.bus.do_send(unsubscribe);
        let pool = fixture.pool.downgrade();
        let member = fixture.members.borrow()[0].downgrade();
        drop(fixture);
        settle().await;
        assert!(pool.upgrade().is_none() && member.upgrade().is_none());
    });
}

#[test]
fn strangers_are_ignored() {
    on_paused_time(async {
        let fixture = start(10);
        fixture.up("nobody", 7);
        fixture.remote("one");
        settle().await;
        assert_eq!(fixture.log.take(), Vec::<String>::new());
    });
}

fn recovering(listener_recover: ListenerRecover) -> Fixture {
    start_with(PoolConfig {
        buffer_size: 10,
        events: vec![EventKind::RemoteCommunication],
        event_detail: EventDetail::Basic,
        event_length: EventLength::Characters,
        listener_recover,
    })
}

#[test]
fn never_recovers_by_default() {
    on_paused_time(async {
        let fixture = recovering(ListenerRecover::Never);
        let member = fixture.join("a");
        fixture.up("a", 7);
        fixture.says("a", "chatter");
        sleep(Duration::from_secs(3600)).await;
        assert!(member.restarts.take().is_empty());
    });
}

#[test]
fn recovers_at_once_and_then_ever_more_slowly() {
    on_paused_time(async {
        let fixture = recovering(ListenerRecover::Restart);
        let member = fixture.join("a");
        // breaks the protocol even before it is RUNNING
        let babble = |pid| {
            fixture.changed("a", ProcessState::Starting, 0);
            fixture.says("a", "hello there");
            fixture.changed("a", ProcessState::Running, pid);
        };
        babble(7);
        settle().await;
        assert_eq!(member.restarts.take(), [7]);
        let said = fixture.log.take().pop();
        let said = said.as_deref();
        assert_eq!(
            said,
            Some("INFO restarting a, a listener in the UNKNOWN state")
        );
        babble(8);
        sleep(Duration::from_millis(900)).await;
        assert!(member.restarts.take().is_empty());
        sleep(Duration::from_millis(200)).await;
        assert_eq!(member.restarts.take(), [8]);
        babble(9);
        sleep(Duration::from_millis(1900)).await;
        assert!(member.restarts.take().is_empty());
        sleep(Duration::from_millis(200)).await;
        assert_eq!(member.restarts.take(), [9]);
        // one answered event, and it is trusted again
        fixture.up("a", 10);
        fixture.remote("one");
        settle().await;
        fixture.says("a", "chatter");
        settle().await;
        assert_eq!(member.restarts.take(), [10]);
    });
}

#[test]
fn extended_detail() {
    on_paused_time(async {
        let fixture = start_with(PoolConfig {
            buffer_size: 10,
            events: vec![EventKind::ProcessState],
            event_detail: EventDetail::Extended,
            event_length: EventLength::Characters,
            listener_recover: ListenerRecover::Never,
        });
        let member = fixture.join("a");
        fixture.up("a", 7);
        fixture.bus.do_send(Publish(Event::ProcessState {
            name: ProcessName::new("g", "p"),
            transition: visord_model::process::Transition {
                from: ProcessState::Running,
                to: ProcessState::Exited,
                pid: 5,
                tries: 0,
                expected: true,
                exit: Some(visord_model::exit::ExitStatus::Code(0)),
                uptime: Some(61),
                spawnerr: String::new(),
            },
        }));
        settle().await;
        assert_eq!(
            member.bodies(),
            [
                "processname:p groupname:g from_state:RUNNING expected:1 pid:5 cause:exit \
                 exitcode:0 uptime:61"
            ]
        );
    });
}

/// From the bus through the pool to a listener and back, every event once and in order.
#[test]
fn a_hundred_thousand_events_in_order() {
    on_paused_time(async {
        let fixture = start(100_000);
        let member = fixture.join("a");
        fixture.up("a", 7);
        for number in 0..100_000 {
            fixture.remote(&number.to_string());
        }
        settle().await;
        let bodies = member.bodies();
        let expected = (0..100_000).map(|number| format!("type:t\n{number}"));
        assert!(bodies.into_iter().eq(expected));
    });
}

#[test]
fn pauses_double_up_to_a_minute() {
    let mut restarts = 0;
    let mut seconds = || next_pause(&mut restarts).as_secs();
    let first: Vec<u64> = (0..10).map(|_| seconds()).collect();
    assert_eq!(first, [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert!((0..100).all(|_| seconds() == 60));
}
