//! What counts as a change.

use proptest::prelude::*;

use super::with_server;
use crate::{Diff, Fate, GroupConfig, diff, group_differs, updated};

const X: &str = "[program:x]\ncommand=x\n";

fn compare(old: &str, new: &str) -> Diff {
    diff(&with_server(old).groups, &with_server(new).groups)
}

fn changed(old: &str, new: &str) -> bool {
    let diff = compare(old, new);
    assert!(diff.added.is_empty() && diff.removed.is_empty());
    !diff.changed.is_empty()
}

#[test]
fn every_setting_of_a_process_counts() {
    for line in [
        "command=x ",
        "command=x  y",
        "process_name=y",
        "directory=/",
        "umask=022",
        "priority=1",
        "autostart=no",
        "autorestart=true",
        "startsecs=2",
        "startretries=2",
        "exitcodes=0,1",
        "stopsignal=INT",
        "stopwaitsecs=2",
        "stopasgroup=true",
        "killasgroup=true",
        "user=root",
        "redirect_stderr=true",
        "stdout_logfile=o",
        "stdout_logfile=none",
        "stdout_logfile_maxbytes=1",
        "stdout_logfile_backups=1",
        "stdout_capture_maxbytes=1",
        "stdout_events_enabled=1",
        "stdout_syslog=1",
        "stdout_logfile_format=json",
        "stdout_logfile_mode=600",
        "stdout_logfile_owner=root",
        "stdout_logfile_compress=gzip",
        "stdout_logfile_rotate=daily",
        "stderr_logfile=o",
        "stderr_logfile_maxbytes=1",
        "stderr_logfile_backups=1",
        "stderr_capture_maxbytes=1",
        "stderr_events_enabled=1",
        "stderr_syslog=1",
        "stderr_logfile_format=json",
        "stderr_logfile_mode=600",
        "stderr_logfile_owner=root",
        "stderr_logfile_compress=gzip",
        "stderr_logfile_rotate=daily",
        "environment=A=1",
        "serverurl=http://x",
        "numprocs=0",
        "numprocs=2\nprocess_name=%(process_num)d",
    ] {
        let is_same = line == "command=x ";
        assert_eq!(changed(X, &format!("{X}{line}\n")), !is_same, "{line}");
    }
}

#[test]
fn what_does_not_count() {
    let log = format!("{X}stdout_logfile=o\n");
    assert!(!changed(&log, X), "a log that becomes automatic");
    assert!(!changed(X, &format!("{X}numprocs_start=7\n")));
    assert!(!changed(
        X,
        &format!("{X}unknown=7\n[inet_http_server]\nport=1\n")
    ));
    let listener = "[eventlistener:l]\ncommand=x\n";
    let events = |events| format!("{listener}events={events}\n");
    assert!(!changed(
        &events("TICK_5,TICK_60"),
        &events("TICK_60,TICK_5")
    ));
    assert!(changed(&events("TICK_5"), &events("TICK_60")));
    assert!(changed(
        &events("TICK_5"),
        &format!("{}buffer_size=1\n", events("TICK_5"))
    ));
    let socket = "[fcgi-program:f]\ncommand=x\nsocket=unix:///a\n";
    assert!(!changed(
        socket,
        &format!("{socket}socket_mode=0777\nsocket_backlog=5\n")
    ));
    assert!(changed(socket, &format!("{socket}socket=unix:///b\n")));
}

#[test]
fn groups_come_and_go() {
    let group = |programs| {
        format!("[group:g]\nprograms={programs}\n[program:a]\ncommand=x\n[program:b]\ncommand=x\n")
    };
    assert!(changed(&group("a,b"), &group("b,a")));
    let moved = compare(&group("a,b"), &group("a"));
    assert_eq!(
        (moved.added, moved.changed),
        (vec!["b".to_owned()], vec!["g".to_owned()])
    );
    let gone = compare(&group("a,b"), X);
    assert_eq!(
        (gone.added, gone.removed),
        (vec!["x".to_owned()], vec!["g".to_owned()])
    );
    let kind = compare(
        X,
        "[eventlistener:x]\ncommand=x\nevents=EVENT\npriority=999\n",
    );
    assert_eq!(kind.changed, ["x"]);
    let environment = diff(
        &with_server(X).groups,
        &with_server(&format!("environment=A=1\n{X}")).groups,
    );
    assert_eq!(environment.changed, ["x"]);
}

#[test]
fn processes_are_compared_one_by_one() {
    let text = |count: u32, command: &str| {
        format!("[program:x]\ncommand={command}\nnumprocs={count}\nprocess_name=%(process_num)d\n")
    };
    let compare = |old: String, new: String| {
        updated(&with_server(&old).groups[0], &with_server(&new).groups[0]).1
    };
    let (zero, one, two) = ("0".to_owned(), "1".to_owned(), "2".to_owned());
    assert_eq!(
        compare(text(2, "x"), text(3, "x")),
        [
            (zero.clone(), Fate::Kept),
            (one.clone(), Fate::Kept),
            (two, Fate::Added)
        ]
    );
    assert_eq!(
        compare(text(2, "%(process_num)d"), text(1, "y")),
        [(zero, Fate::Restarted), (one, Fate::Removed)]
    );
}

#[test]
fn nothing_is_kept_in_a_group_of_another_kind() {
    let listener = |events: &str| {
        let text = format!("[eventlistener:l]\ncommand=x\nevents={events}\nbuffer_size=5\n");
        with_server(&text).groups.remove(0)
    };
    let kept = |old: &GroupConfig, new: &GroupConfig| {
        let fates = updated(old, new).1;
        fates.iter().filter(|(_, fate)| *fate == Fate::Kept).count()
    };
    assert_eq!(kept(&listener("TICK_5"), &listener("TICK_5")), 1);
    assert_eq!(kept(&listener("TICK_5"), &listener("TICK_60")), 0);
    let program = with_server("[program:l]\ncommand=x\npriority=-1\n")
        .groups
        .remove(0);
    assert_eq!(kept(&listener("TICK_5"), &program), 0);
}

/// A few programs with a few settings.
fn some_programs() -> impl Strategy<Value = String> {
    let program = ("[a-d]", 0..3_u8, 0..3_u8).prop_map(|(name, startsecs, priority)| {
        format!("[program:{name}]\ncommand=x\nstartsecs={startsecs}\npriority={priority}\n")
    });
    prop::collection::vec(program, 0..5).prop_map(|programs| programs.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_group_is_kept_changed_added_or_removed(
        old in some_programs(),
        new in some_programs(),
    ) {
        let (old, new) = (with_server(&old).groups, with_server(&new).groups);
        let found = diff(&old, &new);
        for group in &new {
            let before = old.iter().find(|old| old.name == group.name);
            prop_assert_eq!(found.added.contains(&group.name), before.is_none());
            let same = before.is_none_or(|before| before == group);
            prop_assert_eq!(found.changed.contains(&group.name), !same);
        }
        for group in &old {
            let after = new.iter().any(|new| new.name == group.name);
            prop_assert_eq!(found.removed.contains(&group.name), !after);
        }
        prop_assert_eq!(diff(&new, &new), Diff::default());
    }
}

/// The original does not know the section of a process: a new name or another rank is no
/// change, and restarts nothing.
#[test]
fn the_section_of_a_process_is_no_setting() {
    let text = |program: &str, more: &str| {
        format!(
            "[group:g]\nprograms={program}\n[program:{program}]\nprocess_name=a\ncommand=x\n{more}"
        )
    };
    let (old, new) = (with_server(&text("p", "")), with_server(&text("q", "")));
    assert!(!group_differs(&old.groups[0], &new.groups[0]));
    let second = "numprocs=2\nprocess_name=%(process_num)d\n";
    let start =
        |number: u32| with_server(&text("p", &format!("{second}numprocs_start={number}\n")));
    let (old, new) = (start(0), start(1));
    let fates = updated(&old.groups[0], &new.groups[0]).1;
    let fate = |name: &str, fate| (name.to_owned(), fate);
    assert_eq!(
        fates,
        [
            fate("1", Fate::Kept),
            fate("2", Fate::Added),
            fate("0", Fate::Removed)
        ]
    );
}
