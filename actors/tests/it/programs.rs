//! What Supvisors adds to a supervisord: disabled programs, extra arguments, `numprocs` that changes.

use std::path::Path;
use std::sync::Arc;

use visord_actors::feed::{Cursor, News};
use visord_actors::messages::process::InjectPanic;
use visord_actors::messages::supervisor::{NumprocsUpdated, Order, ProcessName};
use visord_actors::supervisor::Ending;
use visord_model::event::{Event, EventDetail};
use visord_model::process::ProcessInfo;
use visord_model::state::ProcessState as S;
use visord_test_support::{PATIENCE, wait_until_async};

use crate::stage::{Stage, alone, in_system, name, start};

const QUIET: &str = "startsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n";

/// `g` has `p_0`, `p_1`, ... and `other`; `h` has those of `p`, too.
fn configure(folder: &Path, numprocs: u32, more: &str) {
    let text = format!(
        "[supervisord]\n[group:g]\nprograms=other,p\n[group:h]\nprograms=p\n\
         [program:p]\ncommand=/bin/sleep 1000\nnumprocs={numprocs}\n\
         process_name=%(program_name)s_%(process_num)d\n{QUIET}{more}\
         [program:other]\ncommand=/bin/sleep 1000\nautostart=false\n{QUIET}"
    );
    std::fs::write(folder.join("s.conf"), text).expect("write the configuration");
}

/// Everything that starts by itself was asked to.
async fn begun(folder: &Path) -> Stage {
    let stage = start(folder);
    stage.link.get_config().await.expect("an answer");
    stage
}

/// Stop everything, so that no child is left.
async fn end(mut stage: Stage) {
    stage.supervisor.do_send(Order::Terminate);
    let end = tokio::time::timeout(PATIENCE, &mut stage.end).await;
    assert_eq!(end.expect("in time"), Ok(Ending::Shutdown));
}

fn disabilities(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("disabilities")).unwrap_or_default()
}

fn named(group: &str, process: &str) -> ProcessName {
    ProcessName::new(group, process)
}

/// The processes of a group, as the board has them.
fn names(stage: &Stage, group: &str) -> Vec<String> {
    let all = stage.board.all();
    let own = all.iter().filter(|info| *info.group == *group);
    own.map(|info| info.name.to_string()).collect()
}

/// What came after a cursor: events of Supvisors as listeners see them, and rows that went.
fn told(stage: &Stage, since: Cursor) -> Vec<String> {
    let entries = stage.board.feed().since(since).expect("all is kept");
    let word = |news: &News| match news {
        News::State(_) => None,
        News::Gone(name) => Some(format!("gone {name}")),
        News::Event { event, .. } => match &**event {
            Event::ProcessAdded(_)
            | Event::ProcessRemoved(_)
            | Event::ProcessEnabled(_)
            | Event::ProcessDisabled(_)
            | Event::Remote { .. } => {
                let payload = event.payload(EventDetail::Basic);
                let payload = String::from_utf8(payload).expect("text");
                Some(format!("{} {payload}", event.kind().name()))
            }
            Event::ProcessState { .. }
            | Event::ProcessCommunication(_)
            | Event::ProcessLog(_)
            | Event::SupervisorRunning
            | Event::SupervisorStopping
            | Event::Tick { .. }
            | Event::GroupAdded(_)
            | Event::GroupRemoved(_) => None,
        },
    };
    entries.iter().filter_map(|it| word(&it.news)).collect()
}

async fn info_of(stage: &Stage, name: &ProcessName, state: S) -> Arc<ProcessInfo> {
    let is = || {
        let info = stage.board.process(name);
        info.is_some_and(|info| info.state == state)
    };
    wait_until_async(&format!("{name} to be {state}"), is).await;
    stage.board.process(name).expect("it is there")
}

async fn disable(stage: &Stage, program: &str, wait: bool) -> Result<(), String> {
    let done = stage.link.disable_program(program.into(), wait).await;
    done.map_err(|fault| fault.to_string())
}

async fn nothing_starts_what_is_disabled(stage: &Stage, folder: &Path) {
    let since = stage.board.feed().cursor();
    assert_eq!(disable(stage, "p", true).await, Ok(()));
    assert_eq!(disabilities(folder), "{\"other\":false,\"p\":true}\n");
    for group in ["g", "h"] {
        let info = stage.board.process(&named(group, "p_0")).expect("there");
        assert_eq!((info.state, info.pid, info.disabled), (S::Stopped, 0, true));
    }
    assert!(!stage.process("other").disabled);
    let mut events = told(stage, since);
    events.sort();
    assert_eq!(
        events,
        [
            "PROCESS_DISABLED processname:p_0 groupname:g ",
            "PROCESS_DISABLED processname:p_0 groupname:h ",
        ]
    );
    let fault = stage.link.start_process(name("p_0"), false).await;
    assert_eq!(fault.expect_err("refused").to_string(), "DISABLED: g:p_0");
    let scope = visord_actors::messages::supervisor::Scope::Group("g".into());
    let results = stage.link.start_many(scope, true).await.expect("results");
    let statuses: Vec<_> = results
        .iter()
        .map(|it| (&*it.name.process, it.status().code()))
        .collect();
    assert_eq!(statuses, [("other", 80), ("p_0", 103)]);
    let args = stage.link.start_with_args(name("p_0"), "7".into(), false);
    assert_eq!(
        args.await.expect_err("refused").to_string(),
        "DISABLED: g:p_0"
    );
    assert_eq!(&*stage.process("p_0").extra_args, "", "not kept");
}

async fn what_is_enabled_starts(stage: &Stage, folder: &Path) {
    let since = stage.board.feed().cursor();
    assert_eq!(stage.link.enable_program("p".into()).await, Ok(()));
    assert_eq!(disabilities(folder), "{\"other\":false,\"p\":false}\n");
    for group in ["g", "h"] {
        let info = info_of(stage, &named(group, "p_0"), S::Running).await;
        assert!(!info.disabled);
    }
    assert_eq!(told(stage, since).len(), 2);
    // also what is not meant to start by itself may be started again, and only that
    stage
        .link
        .stop_process(name("other"), true)
        .await
        .expect("stopped");
    assert_eq!(disable(stage, "other", false).await, Ok(()));
    assert_eq!(stage.link.enable_program("other".into()).await, Ok(()));
    assert_eq!(stage.process("other").state, S::Stopped);
    let started = stage.link.start_process(name("other"), true).await;
    assert_eq!(started, Ok(()));
}

#[test]
fn disabled_programs() {
    alone("programs::disabled_programs", |folder| {
        configure(folder, 1, "autorestart=true\n");
        in_system(async {
            let stage = begun(folder).await;
            info_of(&stage, &named("h", "p_0"), S::Running).await;
            stage.wait_state("p_0", S::Running).await;
            let written = || disabilities(folder) == "{\"other\":false,\"p\":false}\n";
            wait_until_async("the first file", written).await;
            nothing_starts_what_is_disabled(&stage, folder).await;
            what_is_enabled_starts(&stage, folder).await;
            let refused = disable(&stage, "unknown", true).await;
            let unknown = "BAD_NAME: program=unknown unknown to Supvisors".to_owned();
            assert_eq!(refused, Err(unknown));
            end(stage).await;
        });
    });
}

/// Disabled is disabled after a restart of the daemon, too; nor does an update start it.
#[test]
fn disabled_from_the_start() {
    alone("programs::disabled_from_the_start", |folder| {
        configure(folder, 1, "");
        let kept = "{\"gone\":true,\"p\":true}";
        std::fs::write(folder.join("disabilities"), kept).expect("written");
        in_system(async {
            let stage = begun(folder).await;
            configure(folder, 2, "environment=A=1\n");
            stage.link.reload_config().await.expect("read");
            let updated = stage.link.update_group("g".into(), false).await;
            let starts = updated.expect("updated").iter().any(|it| it.starts);
            assert!(!starts, "nothing is announced");
            for process in ["p_0", "p_1"] {
                let info = stage.process(process);
                assert_eq!((info.state, info.start), (S::Stopped, 0), "{process}");
                assert!(info.disabled);
            }
            let text = "{\"gone\":true,\"other\":false,\"p\":true}\n";
            wait_until_async("all programs in the file", || disabilities(folder) == text).await;
            assert_eq!(stage.link.enable_program("p".into()).await, Ok(()));
            stage.wait_state("p_1", S::Running).await;
            end(stage).await;
        });
    });
}

fn arguments(pid: i32) -> Vec<String> {
    let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).expect("it runs");
    let words = line.split_terminator('\0').map(str::to_owned);
    words.collect()
}

/// The words of its command once it is what it was started for, not the helper any more.
async fn runs(stage: &Stage, process: &str, words: &[&str]) {
    let pid = stage.wait_state(process, S::Running).await;
    let is_it = || arguments(pid) == words;
    wait_until_async(&format!("{process} to be {words:?}"), is_it).await;
}

#[test]
fn extra_arguments() {
    alone("programs::extra_arguments", |folder| {
        configure(folder, 1, "autostart=false\nautorestart=true\n");
        in_system(async {
            let stage = begun(folder).await;
            let args = stage
                .link
                .start_with_args(name("p_0"), "'2' 3".into(), true);
            assert_eq!(args.await, Ok(()));
            runs(&stage, "p_0", &["/bin/sleep", "1000", "2", "3"]).await;
            assert_eq!(&*stage.process("p_0").extra_args, "'2' 3");
            // its restart has them, too
            let before = stage.process("p_0").pid;
            visord_test_support::kill(before, libc::SIGKILL);
            let again = || {
                let pid = stage.process("p_0").pid;
                pid != before && pid != 0
            };
            wait_until_async("its restart", again).await;
            runs(&stage, "p_0", &["/bin/sleep", "1000", "2", "3"]).await;
            // for later
            let set = stage.link.set_extra_args(name("p_0"), "5".into()).await;
            assert_eq!(set, Ok(()));
            let refused = stage.link.start_with_args(name("p_0"), "6".into(), true);
            let refused = refused.await.expect_err("it runs");
            assert_eq!(refused.to_string(), "ALREADY_STARTED: g:p_0");
            stage
                .link
                .stop_process(name("p_0"), true)
                .await
                .expect("stopped");
            stage
                .link
                .start_process(name("p_0"), true)
                .await
                .expect("started");
            runs(&stage, "p_0", &["/bin/sleep", "1000", "6"]).await;
            stage
                .link
                .stop_process(name("p_0"), true)
                .await
                .expect("stopped");
            let unset = stage.link.start_with_args(name("p_0"), String::new(), true);
            assert_eq!(unset.await, Ok(()));
            runs(&stage, "p_0", &["/bin/sleep", "1000"]).await;
            assert_eq!(
                &*info_of(&stage, &named("h", "p_0"), S::Stopped)
                    .await
                    .extra_args,
                ""
            );
            end(stage).await;
        });
    });
}

/// What cannot be executed is FATAL, and its last start is no success; what runs goes on.
#[test]
fn arguments_that_cannot_be_used() {
    alone("programs::arguments_that_cannot_be_used", |folder| {
        configure(folder, 1, "");
        in_system(async {
            let stage = begun(folder).await;
            let pid = stage.wait_state("p_0", S::Running).await;
            let open = || stage.link.start_with_args(name("p_0"), "'".into(), false);
            let reason = "NOT_EXECUTABLE: can't parse command '/bin/sleep': No closing quotation";
            assert_eq!(open().await.expect_err("refused").to_string(), reason);
            let info = stage.process("p_0");
            assert_eq!((info.state, info.pid), (S::Running, pid));
            stage
                .link
                .stop_process(name("p_0"), true)
                .await
                .expect("stopped");
            assert!(stage.process("p_0").is_expected());
            assert_eq!(open().await.expect_err("refused").to_string(), reason);
            let info = stage.process("p_0");
            assert_eq!((info.state, &*info.spawnerr), (S::Fatal, reason));
            assert!(!info.is_expected());
            end(stage).await;
        });
    });
}

#[test]
fn a_restart_can_be_forbidden() {
    alone("programs::a_restart_can_be_forbidden", |folder| {
        configure(folder, 1, "autorestart=true\n");
        in_system(async {
            let stage = begun(folder).await;
            let pid = stage.wait_state("p_0", S::Running).await;
            assert_eq!(stage.link.never_restart(name("p_0")).await, Ok(()));
            visord_test_support::kill(pid, libc::SIGKILL);
            stage.wait_state("p_0", S::Exited).await;
            let info = info_of(&stage, &named("h", "p_0"), S::Running).await;
            visord_test_support::kill(info.pid, libc::SIGKILL);
            // by then the other would have been restarted, too
            let restarted = || {
                let now = stage.board.process(&named("h", "p_0"));
                now.is_some_and(|now| now.pid != info.pid && now.pid != 0)
            };
            wait_until_async("the restart of the other", restarted).await;
            assert_eq!(stage.process("p_0").state, S::Exited);
            end(stage).await;
        });
    });
}

async fn update(
    stage: &Stage,
    numprocs: u32,
    lazy: bool,
    wait: bool,
) -> Result<[Vec<String>; 3], String> {
    let program = "p".to_owned();
    let updated = stage
        .link
        .update_numprocs(program, numprocs, lazy, wait)
        .await;
    let NumprocsUpdated {
        added,
        revived,
        obsolete,
    } = updated.map_err(|fault| fault.to_string())?;
    Ok([added, revived, obsolete].map(|names| names.iter().map(ToString::to_string).collect()))
}

fn lists(added: &[&str], revived: &[&str], obsolete: &[&str]) -> Result<[Vec<String>; 3], String> {
    Ok([added, revived, obsolete].map(|names| names.iter().map(|&it| it.to_owned()).collect()))
}

async fn more(stage: &Stage) {
    let since = stage.board.feed().cursor();
    let updated = update(stage, 3, false, true).await;
    assert_eq!(updated, lists(&["g:p_2", "h:p_2"], &[], &[]));
    assert_eq!(names(stage, "g"), ["other", "p_0", "p_1", "p_2"]);
    let info = info_of(stage, &named("g", "p_2"), S::Running).await;
    assert_eq!((&*info.origin.program, info.origin.index), ("p", 2));
    info_of(stage, &named("h", "p_2"), S::Running).await;
    assert_eq!(
        told(stage, since),
        [
            "PROCESS_ADDED processname:p_2 groupname:g ",
            "PROCESS_ADDED processname:p_2 groupname:h ",
        ]
    );
    assert_eq!(update(stage, 3, false, true).await, lists(&[], &[], &[]));
    let config = stage.link.get_config().await.expect("groups");
    let group = config.iter().find(|it| it.config.name == "g").expect("g");
    let processes = group.config.processes.iter();
    let processes: Vec<_> = processes.map(|it| it.name.as_str()).collect();
    assert_eq!(processes, ["other", "p_0", "p_1", "p_2"]);
}

async fn fewer(stage: &Stage) {
    stage
        .link
        .stop_process(name("p_1"), true)
        .await
        .expect("stopped");
    let since = stage.board.feed().cursor();
    let kept = stage.process("p_0").pid;
    let updated = update(stage, 1, false, true).await;
    let obsolete = ["g:p_1", "g:p_2", "h:p_1", "h:p_2"];
    assert_eq!(updated, lists(&[], &[], &obsolete));
    assert_eq!(names(stage, "g"), ["other", "p_0"]);
    assert_eq!(names(stage, "h"), ["p_0"]);
    assert_eq!(stage.process("p_0").pid, kept);
    stage.link.get_config().await.expect("the bus has told");
    let told = told(stage, since);
    for (group, process) in [("g", "p_1"), ("g", "p_2"), ("h", "p_1"), ("h", "p_2")] {
        assert!(
            told.contains(&format!("gone {group}:{process}")),
            "{told:?}"
        );
        let event = format!("PROCESS_REMOVED processname:{process} groupname:{group} ");
        assert!(told.contains(&event), "{told:?}");
    }
    let gone = stage.link.start_process(name("p_2"), false).await;
    assert_eq!(gone.expect_err("gone").to_string(), "BAD_NAME: g:p_2");
}

/// A lazy decrease removes what has ended; what is obsolete is not restarted.
async fn lazily_fewer(stage: &Stage) {
    update(stage, 3, false, true).await.expect("more");
    let pid = info_of(stage, &named("g", "p_2"), S::Running).await.pid;
    let stays = info_of(stage, &named("g", "p_1"), S::Running).await.pid;
    stage
        .link
        .stop_process(named("h", "p_2"), true)
        .await
        .expect("stopped");
    let updated = update(stage, 1, true, true).await;
    let obsolete = ["g:p_1", "g:p_2", "h:p_1", "h:p_2"];
    assert_eq!(updated, lists(&[], &[], &obsolete));
    assert_eq!(names(stage, "g"), ["other", "p_0", "p_1", "p_2"]);
    assert_eq!(names(stage, "h"), ["p_0", "p_1"], "what rests is gone");
    visord_test_support::kill(pid, libc::SIGKILL);
    let gone = || names(stage, "g") == ["other", "p_0", "p_1"];
    wait_until_async("the end of p_2", gone).await;
    // those that still run are brought back, the others made again
    let updated = update(stage, 3, true, true).await;
    let (new, revived) = (["g:p_2", "h:p_2"], ["g:p_1", "h:p_1"]);
    assert_eq!(updated, lists(&new, &revived, &[]));
    assert_eq!(stage.process("p_1").pid, stays);
    // and are restarted again
    visord_test_support::kill(stays, libc::SIGKILL);
    let restarted = || {
        let now = stage.process("p_1").pid;
        now != stays && now != 0
    };
    wait_until_async("its restart", restarted).await;
}

/// After `reread` the active group differs, and `update` makes it what the file says.
async fn an_update_counts_again(stage: &Stage) {
    stage
        .link
        .stop_process(name("p_1"), true)
        .await
        .expect("stopped");
    stage
        .link
        .start_process(name("p_1"), true)
        .await
        .expect("started");
    let kept = stage.process("p_1").pid;
    update(stage, 1, true, false).await.expect("lazily one");
    let read = stage.link.reload_config().await.expect("read");
    assert_eq!(read.changed, ["g", "h"]);
    for group in ["g", "h"] {
        let updated = stage.link.update_group(group.to_owned(), false).await;
        updated.expect("updated");
    }
    assert_eq!(names(stage, "g"), ["other", "p_0", "p_1"]);
    assert_eq!(stage.process("p_1").pid, kept, "it was brought back");
    info_of(stage, &named("h", "p_1"), S::Running).await;
    let read = stage.link.reload_config().await.expect("read");
    assert!(read.changed.is_empty(), "{read:?}");
    update(stage, 4, true, false).await.expect("more");
    let read = stage.link.reload_config().await.expect("read");
    assert_eq!(read.changed, ["g", "h"]);
}

#[test]
fn the_number_of_processes_changes() {
    alone("programs::the_number_of_processes_changes", |folder| {
        configure(folder, 2, "autorestart=true\n");
        in_system(async {
            let stage = begun(folder).await;
            for group in ["g", "h"] {
                for process in ["p_0", "p_1"] {
                    info_of(&stage, &named(group, process), S::Running).await;
                }
            }
            more(&stage).await;
            fewer(&stage).await;
            lazily_fewer(&stage).await;
            an_update_counts_again(&stage).await;
            end(stage).await;
        });
    });
}

#[test]
fn numbers_that_cannot_be() {
    alone("programs::numbers_that_cannot_be", |folder| {
        configure(folder, 1, "autostart=false\n");
        in_system(async {
            let stage = begun(folder).await;
            let refused = |program: &str, numprocs| {
                let asked = stage
                    .link
                    .update_numprocs(program.into(), numprocs, false, true);
                async move { asked.await.expect_err("refused").to_string() }
            };
            assert_eq!(
                refused("unknown", 2).await,
                "BAD_NAME: program=unknown unknown to Supvisors"
            );
            assert_eq!(
                refused("p", 0).await,
                "INCORRECT_PARAMETERS: program=p incorrect numprocs=0 - integer > 0 expected"
            );
            assert_eq!(
                refused("p", 100_001).await,
                "INCORRECT_PARAMETERS: program=p incorrect numprocs=100001 - integer <= 100000 expected"
            );
            // the number is not kept: it is refused again
            for _ in 0..2 {
                assert_eq!(
                    refused("other", 2).await,
                    "NOT_APPLICABLE: numprocs not applicable to program=other"
                );
            }
            let same = stage
                .link
                .update_numprocs("other".into(), 1, false, true)
                .await;
            assert_eq!(same, Ok(NumprocsUpdated::default()));
            assert_eq!(names(&stage, "g"), ["other", "p_0"]);
            end(stage).await;
        });
    });
}

/// A decrease that is not waited for leaves processes that stop slowly; an increase meanwhile keeps
/// them, stopped as they were asked to be.
#[test]
fn what_is_still_stopping_is_brought_back() {
    alone(
        "programs::what_is_still_stopping_is_brought_back",
        |folder| {
            // ends when its stdin says so, whatever signal comes
            let stubborn = "command=/bin/sh -c \"trap '' TERM; read line\"\nstopwaitsecs=1000\n";
            configure(folder, 2, stubborn);
            in_system(async {
                let stage = begun(folder).await;
                for group in ["g", "h"] {
                    info_of(&stage, &named(group, "p_1"), S::Running).await;
                }
                trapped(&stage).await;
                let updated = update(&stage, 1, false, false).await;
                assert_eq!(updated, lists(&[], &[], &["g:p_1", "h:p_1"]));
                let pid = stage.wait_state("p_1", S::Stopping).await;
                let updated = update(&stage, 2, false, true).await;
                assert_eq!(updated, lists(&[], &["g:p_1", "h:p_1"], &[]));
                visord_test_support::kill(pid, libc::SIGKILL);
                stage.wait_state("p_1", S::Stopped).await;
                assert_eq!(stage.link.start_process(name("p_1"), true).await, Ok(()));
                for info in stage.board.all() {
                    if info.pid != 0 {
                        visord_test_support::kill(info.pid, libc::SIGKILL);
                    }
                }
                end(stage).await;
            });
        },
    );
}

/// Until the shells ignore SIGTERM.
async fn trapped(stage: &Stage) {
    for info in stage.board.all().iter().filter(|info| info.pid != 0) {
        let status = format!("/proc/{}/status", info.pid);
        let ignores = || {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("SigIgn:"));
            let set = line.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
            set.is_some_and(|set| set & (1 << (libc::SIGTERM - 1)) != 0)
        };
        wait_until_async("SIGTERM to be ignored", ignores).await;
    }
}

#[test]
fn pools_and_fastcgi_programs_change_too() {
    alone(
        "programs::pools_and_fastcgi_programs_change_too",
        |folder| {
            let body = format!(
                "command=/bin/sleep 1000\nprocess_name=%(program_name)s%(process_num)d\n{QUIET}"
            );
            let socket = folder.join("f.sock");
            let text = format!(
                "[supervisord]\n[eventlistener:l]\nevents=PROCESS,PROCESS_ADDED\n{body}\
             [fcgi-program:f]\nsocket=unix://{}\n{body}",
                socket.display()
            );
            std::fs::write(folder.join("s.conf"), text).expect("written");
            in_system(async {
                let stage = begun(folder).await;
                for program in ["l", "f"] {
                    let [first, second] =
                        [0, 1].map(|it| named(program, &format!("{program}{it}")));
                    info_of(&stage, &first, S::Running).await;
                    let update = |numprocs| {
                        stage
                            .link
                            .update_numprocs(program.into(), numprocs, false, true)
                    };
                    let updated = update(2).await.expect("more");
                    assert_eq!(updated.added, std::slice::from_ref(&second));
                    info_of(&stage, &second, S::Running).await;
                    let updated = update(1).await.expect("fewer");
                    assert_eq!(updated.obsolete, std::slice::from_ref(&second));
                    assert_eq!(stage.board.process(&second), None);
                    info_of(&stage, &first, S::Running).await;
                }
                assert!(socket.exists(), "the first process still has it");
                end(stage).await;
            });
        },
    );
}

/// Everything that a cluster tells of a process is on the board or in the feed.
#[test]
fn what_a_cluster_needs_to_know() {
    alone("programs::what_a_cluster_needs_to_know", |folder| {
        let logs = "stopwaitsecs=7\nredirect_stderr=true\nautorestart=false\n";
        configure(
            folder,
            2,
            &format!("{logs}stdout_logfile={}/p.log\n", folder.display()),
        );
        in_system(async {
            let since = |stage: &Stage| stage.board.feed().cursor();
            let stage = begun(folder).await;
            let pid = stage.wait_state("p_1", S::Running).await;
            let info = stage.process("p_1");
            let origin = &info.origin;
            assert_eq!((&*origin.program, origin.index), ("p", 1));
            assert_eq!((origin.startsecs, origin.stopwaitsecs), (0, 7));
            assert_eq!((origin.has_stdout, origin.has_stderr), (true, false));
            let clock = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC);
            let now = std::time::Duration::from(clock.expect("a clock"));
            let age = now - info.start_mono.0;
            assert!(age < PATIENCE, "by the clock of the system: {age:?}");
            assert_eq!(info.stop_mono, visord_model::moment::Mono::default());
            let cursor = since(&stage);
            visord_test_support::kill(pid, libc::SIGKILL);
            stage.wait_state("p_1", S::Exited).await;
            let info = stage.process("p_1");
            assert!(info.stop_mono > info.start_mono && !info.is_expected());
            let sent = stage.link.send_remote_event("kind".into(), "data".into());
            sent.await.expect("sent");
            assert_eq!(
                told(&stage, cursor),
                ["REMOTE_COMMUNICATION type:kind\ndata"]
            );
            let entries = stage.board.feed().since(cursor).expect("kept");
            let exit = entries.iter().find_map(|entry| {
                let News::Event { event, .. } = &entry.news else {
                    return None;
                };
                let Event::ProcessState {
                    name: of,
                    transition,
                } = &**event
                else {
                    return None;
                };
                let is_it = *of == name("p_1") && transition.to == S::Exited;
                is_it.then(|| transition.clone())
            });
            let exit = exit.expect("its exit");
            assert_eq!((exit.pid, exit.expected), (pid, false));
            assert_eq!(exit.spawnerr, "Bad exit code -1");
            end(stage).await;
        });
    });
}

/// A panic of the Supervisor or of a process changes none of it.
#[test]
fn panics_forget_nothing() {
    alone("programs::panics_forget_nothing", |folder| {
        configure(folder, 2, "autorestart=true\n");
        in_system(async {
            let stage = begun(folder).await;
            let pid = info_of(&stage, &named("g", "p_1"), S::Running).await.pid;
            info_of(&stage, &named("h", "p_1"), S::Running).await;
            let set = stage.link.set_extra_args(name("p_0"), "2".into()).await;
            assert_eq!(set, Ok(()));
            assert_eq!(disable(&stage, "other", true).await, Ok(()));
            update(&stage, 1, true, true).await.expect("lazily one");
            for process in [
                None,
                Some(name("p_0")),
                Some(name("p_1")),
                Some(name("other")),
            ] {
                stage.supervisor.do_send(InjectPanic(process));
            }
            let refused = stage.link.start_process(name("other"), false).await;
            assert_eq!(
                refused.expect_err("disabled").to_string(),
                "DISABLED: g:other"
            );
            visord_test_support::kill(pid, libc::SIGKILL);
            let gone = || names(&stage, "g") == ["other", "p_0"];
            wait_until_async("the end of p_1", gone).await;
            stage
                .link
                .stop_process(name("p_0"), true)
                .await
                .expect("stopped");
            stage
                .link
                .start_process(name("p_0"), true)
                .await
                .expect("started");
            runs(&stage, "p_0", &["/bin/sleep", "1000", "2"]).await;
            end(stage).await;
        });
    });
}
