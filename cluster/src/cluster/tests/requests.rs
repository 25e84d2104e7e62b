//! Requests, their faults, and who waits (spec cluster 7.3).

use super::*;
use crate::input::{Closing, Wait};
use crate::strategy::{ConciliationStrategy, StartingStrategy};
use visord_model::name::Namespec;

const CONFIG: StartingStrategy = StartingStrategy::Config;

fn namespec(text: &str) -> Namespec {
    Namespec::parse(text)
}

fn answer(effects: &[Effect]) -> String {
    let answers = told(effects);
    let mut answers = answers
        .into_iter()
        .filter(|it| it.starts_with("answer ") || it.starts_with("fault "));
    answers.next().unwrap_or_default()
}

#[test]
fn the_state_is_checked_first() {
    let mut world = World::new(SyncOption::Strict);
    world.step(Input::Begin(stopped()));
    let unknown = Request::StartApplication(CONFIG, "x".into(), Wait::No);
    assert_eq!(
        answer(&world.ask(unknown)),
        "fault BAD_SUPVISORS_STATE: invalid Supvisors state=SYNCHRONIZATION - state expected in \
         ['OPERATION']"
    );
    assert_eq!(
        answer(&world.ask(Request::Close(Closing::Restart))),
        "fault BAD_SUPVISORS_STATE: invalid Supvisors state=SYNCHRONIZATION - state expected in \
         ['DISTRIBUTION', 'OPERATION', 'CONCILIATION', 'RESTARTING', 'SHUTTING_DOWN']"
    );
}

#[test]
fn faults_of_names_and_states() {
    let mut world = World::new(SyncOption::Strict);
    world.lead();
    let free = || namespec("free");
    let cases = [
        (
            Request::StartApplication(CONFIG, "x".into(), Wait::No),
            "fault BAD_NAME: application=x unknown to Supvisors",
        ),
        (
            Request::StartApplication(CONFIG, "free".into(), Wait::No),
            "fault NOT_MANAGED: free",
        ),
        (
            Request::StartApplication(CONFIG, "app".into(), Wait::No),
            "fault ALREADY_STARTED: app",
        ),
        (
            Request::RestartApplication(CONFIG, "free".into(), Wait::No),
            "fault NOT_MANAGED: free",
        ),
        (
            Request::StartProcess(CONFIG, namespec("app:x"), String::new(), Wait::No),
            "fault BAD_NAME: process=x unknown in application=app",
        ),
        (
            Request::StartProcess(CONFIG, namespec("app:*"), String::new(), Wait::No),
            "fault ALREADY_STARTED: app:db",
        ),
        (
            Request::StopProcess(free(), Wait::Yes),
            "fault NOT_RUNNING: free already stopped",
        ),
        (
            Request::StartAnyProcess(CONFIG, "app:.*".into(), String::new(), Wait::No),
            "fault FAILED: no candidate process matching \"app:.*\"",
        ),
        (
            Request::RestartSequence(Wait::Yes),
            "fault ABNORMAL_TERMINATION: failed to trigger start sequence",
        ),
        (
            Request::Conciliate(ConciliationStrategy::Stop, None),
            "fault BAD_SUPVISORS_STATE: invalid Supvisors state=OPERATION - state expected in \
             ['CONCILIATION']",
        ),
    ];
    for (request, expected) in cases {
        let name = format!("{request:?}");
        assert_eq!(answer(&world.ask(request)), expected, "{name}");
    }
}

#[test]
fn a_waiting_client_is_answered_when_the_jobs_are_done() {
    let mut world = World::new(SyncOption::Strict);
    world.lead();
    let start = Request::StartProcess(CONFIG, namespec("free"), "-v".into(), Wait::Yes);
    let effects = world.ask(start);
    assert_eq!(answer(&effects), "");
    assert!(told(&effects).contains(&"start free on s1".to_string()));
    let starting = world.local_event(PROCESSES[2], ProcessState::Starting);
    assert_eq!(answer(&starting), "");
    let running = world.local_event(PROCESSES[2], ProcessState::Running);
    assert_eq!(answer(&running), "answer Done(true)");

    let effects = world.ask(Request::StopProcess(namespec("free"), Wait::Yes));
    assert_eq!(answer(&effects), "");
    world.local_event(PROCESSES[2], ProcessState::Stopping);
    let stopped = world.local_event(PROCESSES[2], ProcessState::Stopped);
    assert_eq!(answer(&stopped), "answer Done(true)");
}

#[test]
fn a_start_that_fails_is_told() {
    let mut world = World::new(SyncOption::Strict);
    world.lead();
    let start = Request::StartProcess(CONFIG, namespec("free"), String::new(), Wait::Yes);
    world.ask(start);
    world.local_event(PROCESSES[2], ProcessState::Starting);
    let fatal = world.local_event(PROCESSES[2], ProcessState::Fatal);
    assert_eq!(answer(&fatal), "fault NOT_RUNNING: processes=['free']");
}

#[test]
fn a_client_that_left_is_not_answered() {
    let mut world = World::new(SyncOption::Strict);
    world.lead();
    let start = Request::StartProcess(CONFIG, namespec("free"), String::new(), Wait::Yes);
    world.ask(start);
    world.step(Input::Forget(Ticket(1)));
    world.local_event(PROCESSES[2], ProcessState::Starting);
    let running = world.local_event(PROCESSES[2], ProcessState::Running);
    assert_eq!(answer(&running), "");
}

#[test]
fn start_any_tells_what_it_chose() {
    let mut world = World::new(SyncOption::Strict);
    world.lead();
    let any = Request::StartAnyProcess(CONFIG, "fr.e".into(), String::new(), Wait::No);
    let effects = world.ask(any);
    let chosen = ProcessName::new("free", "free");
    assert_eq!(answer(&effects), format!("answer Started({chosen:?})"));
    let bad = Request::StartAnyProcess(CONFIG, "(".into(), String::new(), Wait::No);
    assert!(answer(&world.ask(bad)).starts_with("fault INCORRECT_PARAMETERS: "));
}

#[test]
fn tests_change_nothing() {
    let mut world = World::new(SyncOption::Strict);
    world.lead();
    let effects = world.ask(Request::TestStartProcess(CONFIG, namespec("free")));
    assert!(answer(&effects).contains("Predictions"), "{effects:?}");
    assert_eq!(told(&effects).len(), 1);
    assert!(!world.cluster.jobs().is_starting());
}

#[test]
fn a_slave_asks_its_master_to_close() {
    let mut world = World::new(SyncOption::Strict);
    world.serve(ClusterState::Operation);
    let effects = world.ask(Request::Close(Closing::Shutdown));
    assert_eq!(told(&effects), ["ask s2 to Shutdown", "answer Done(true)"]);
    world.step(Input::Unreachable(TWO));
    assert_eq!(
        answer(&world.ask(Request::Close(Closing::Restart))),
        "fault BAD_SUPVISORS_STATE: no Master instance to perform the Supvisors restart request"
    );
}

#[test]
fn the_end_of_the_synchronization() {
    let mut world = World::new(SyncOption::User);
    world.step(Input::Begin(stopped()));
    let cases = [
        ("x", "fault BAD_NAME: unknown Supvisors identifier=x"),
        (
            "s2",
            "fault NOT_RUNNING: Supvisors instance=s2:1 is not RUNNING (STOPPED)",
        ),
        ("s1", "answer Done(true)"),
    ];
    for (name, expected) in cases {
        let effects = world.ask(Request::EndSync(name.into()));
        assert_eq!(answer(&effects), expected);
    }
    assert_eq!(world.cluster.master(), Some(ONE));

    let mut world = World::new(SyncOption::Strict);
    world.step(Input::Begin(stopped()));
    assert_eq!(
        answer(&world.ask(Request::EndSync(String::new()))),
        "fault NOT_APPLICABLE: USER expected in synchro_options"
    );
}

#[test]
fn too_many_do_not_wait() {
    let mut world = World::new(SyncOption::Strict);
    world.lead();
    let start = Request::StartProcess(CONFIG, namespec("free"), String::new(), Wait::Yes);
    world.ask(start);
    let request = Request::RestartProcess(CONFIG, namespec("app:db"), String::new(), Wait::Yes);
    let mut refused = 0;
    for number in 2..1100 {
        let effects = world.step(Input::Ask(Ticket(number), request.clone()));
        refused += usize::from(answer(&effects) == "fault FAILED: too many clients wait");
    }
    assert_eq!(refused, 1098 - 1023);
}
