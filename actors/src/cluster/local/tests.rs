//! A board and its feed, without processes behind them.

use visord_model::process::{Machine, Origin, Policy};

use super::*;
use crate::board::Identity;

struct Fixture {
    board: Arc<Board>,
    local: LocalProcesses,
}

const NOW: Moment = Moment {
    mono: visord_model::moment::Mono(std::time::Duration::from_millis(7500)),
    unix: 1_796_142_450,
};

fn shown(_: i64) -> String {
    "a date".to_owned()
}

fn name(process: &str) -> ProcessName {
    ProcessName::new("g", process)
}

fn row(process: &str) -> ProcessInfo {
    ProcessInfo {
        origin: Arc::new(Origin {
            program: process.into(),
            startsecs: 3,
            ..Origin::default()
        }),
        ..Machine::new(process, Policy::default()).info(&name(process))
    }
}

fn step(to: ProcessState, pid: i32) -> Transition {
    Transition {
        from: ProcessState::Stopped,
        to,
        pid,
        tries: 0,
        expected: false,
        exit: None,
        uptime: None,
        spawnerr: "why".to_owned(),
    }
}

impl Fixture {
    fn new() -> Self {
        let board = Arc::new(Board::new(Identity::default()));
        board.set_process(row("a"));
        let local = LocalProcesses::new(Arc::clone(&board), shown);
        Self { board, local }
    }

    fn event(&self, event: Event) {
        let event = Arc::new(event);
        let serial = None;
        self.board.feed().publish(News::Event { serial, event });
    }

    fn news(&mut self) -> Vec<Happened> {
        self.local.news(NOW)
    }
}

#[test]
fn processes_are_described_as_their_supervisord_does() {
    let fixture = Fixture::new();
    let all = fixture.local.all(NOW);
    assert_eq!(all.len(), 1);
    let process = &all[0];
    assert_eq!(
        (&process.name, process.state),
        (&name("a"), ProcessState::Stopped)
    );
    assert_eq!((process.now, process.now_monotonic), (1_796_142_450.0, 7.5));
    assert_eq!(process.description, "Not started");
    assert_eq!((&*process.program, process.startsecs), ("a", 3));
    assert_eq!(fixture.local.one(&name("b"), NOW), None);
}

/// A start, an unknown process, and another process that comes, is disabled and goes.
fn a_few_changes(fixture: &Fixture) {
    fixture.event(Event::SupervisorRunning);
    fixture.board.set_process(ProcessInfo {
        state: ProcessState::Running,
        extra_args: "-x".into(),
        pid: 7,
        ..row("a")
    });
    for (state, pid) in [(ProcessState::Starting, 7), (ProcessState::Running, 7)] {
        let (name, transition) = (name("a"), step(state, pid));
        fixture.event(Event::ProcessState { name, transition });
    }
    // not one of ours
    let transition = step(ProcessState::Running, 9);
    fixture.event(Event::ProcessState {
        name: name("other"),
        transition,
    });
    fixture.board.set_process(row("b"));
    fixture.board.set_process(ProcessInfo {
        disabled: true,
        ..row("b")
    });
    fixture.board.remove_process(&name("b"));
    fixture.event(Event::SupervisorStopping);
}

#[test]
fn each_change_becomes_one_input_in_order() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.news(), []);
    a_few_changes(&fixture);
    let news = fixture.news();
    let [
        running,
        starting,
        started,
        added,
        disabled,
        removed,
        stopping,
    ] = &*news
    else {
        panic!("{news:#?}");
    };
    assert_eq!(
        (running, stopping),
        (&Happened::Running, &Happened::Stopping)
    );
    let event = |happened: &Happened| {
        let Happened::Input(Input::LocalEvent(event)) = happened else {
            panic!("{happened:?}");
        };
        event.clone()
    };
    let (starting, started) = (event(starting), event(started));
    assert_eq!(starting.state, ProcessState::Starting);
    assert_eq!((started.state, started.pid), (ProcessState::Running, 7));
    assert_eq!((&*started.extra_args, &*started.spawnerr), ("-x", "why"));
    assert_eq!(started.now_monotonic, 7.5);
    assert!(started.forced.is_none() && started.expected && started.now > 1.0e9);
    let named = |happened: &Happened| {
        let Happened::Input(Input::LocalAdded(it) | Input::LocalDisability(it)) = happened else {
            panic!("{happened:?}");
        };
        it.name.clone()
    };
    assert_eq!((named(added), named(disabled)), (name("b"), name("b")));
    let gone = Input::LocalRemoved {
        group: "g".into(),
        process: Some("b".into()),
    };
    assert_eq!(removed, &Happened::Input(gone));
    assert_eq!(fixture.news(), []);
}

/// More happens than the feed keeps: the rows tell the rest.
#[test]
fn what_the_feed_forgot_is_read_from_the_board() {
    let mut fixture = Fixture::new();
    fixture.board.set_process(row("gone"));
    assert_eq!(fixture.news().len(), 1);
    for number in 0..3000 {
        fixture.board.set_process(ProcessInfo {
            pid: number,
            state: ProcessState::Running,
            ..row("a")
        });
    }
    fixture.board.remove_process(&name("gone"));
    fixture.board.set_process(row("new"));
    let news = fixture.news();
    let [removed, changed, added] = &*news else {
        panic!("{news:#?}");
    };
    assert!(matches!(
        removed,
        Happened::Input(Input::LocalRemoved { .. })
    ));
    assert!(matches!(added, Happened::Input(Input::LocalAdded(it)) if it.name == name("new")));
    let Happened::Input(Input::LocalEvent(event)) = changed else {
        panic!("{changed:?}");
    };
    assert_eq!((event.state, event.pid), (ProcessState::Running, 2999));
    assert_eq!(fixture.news(), []);
}
