//! The order of stopping.

use super::{GroupView, Progress, StopPlan};
use crate::name::ProcessName;
use crate::state::ProcessState;
use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// `name priority: process priority, process priority`; the lines are in order of activation.
fn groups(lines: &[&str]) -> Vec<GroupView> {
    let views = lines.iter().map(|line| {
        let (head, processes) = line.split_once(':').expect("a colon");
        let (group, priority) = pair(head);
        let processes = processes.split(',').map(|text| {
            let (process, priority) = pair(text);
            (ProcessName::new(&*group, process), priority)
        });
        GroupView {
            priority,
            processes: processes.collect(),
        }
    });
    views.collect()
}

fn pair(text: &str) -> (String, i64) {
    let (name, number) = text.trim().split_once(' ').expect("name and priority");
    (name.to_owned(), number.parse().expect("a number"))
}

fn words(names: &[ProcessName]) -> String {
    let words = names
        .iter()
        .map(|it| format!("{}:{}", it.group, it.process));
    words.collect::<Vec<String>>().join(" ")
}

/// What runs, and the plan to end it.
struct Closing {
    plan: StopPlan,
    alive: BTreeSet<String>,
    unknown: BTreeSet<String>,
}

impl Closing {
    fn new(lines: &[&str], at_rest: &[&str]) -> Self {
        let views = groups(lines);
        let processes = views.iter().flat_map(|group| &group.processes);
        let alive = processes
            .map(|(name, _)| (*name.process).to_owned())
            .filter(|process| !at_rest.contains(&process.as_str()))
            .collect();
        Self {
            plan: StopPlan::new(views),
            alive,
            unknown: BTreeSet::new(),
        }
    }

    fn advance(&mut self) -> String {
        let alive = &self.alive;
        let unknown = &self.unknown;
        match self.plan.advance(&|name| {
            let process = &*name.process;
            if unknown.contains(process) {
                ProcessState::Unknown
            } else if alive.contains(process) {
                ProcessState::Running
            } else {
                ProcessState::Stopped
            }
        }) {
            Progress::Stop(names) => words(&names),
            Progress::Waiting => "waiting".to_owned(),
            Progress::Done => "done".to_owned(),
        }
    }

    fn die(&mut self, process: &str) -> String {
        assert!(self.alive.remove(process), "{process} is dead already");
        self.advance()
    }
}

#[test]
fn stops_one_group_after_the_other() {
    let lines = ["pool -1: l 999", "db 10: d 999", "web 20: v 999, w 999"];
    let mut closing = Closing::new(&lines, &[]);
    assert_eq!(closing.advance(), "web:w web:v");
    assert_eq!(closing.advance(), "waiting");
    assert_eq!(closing.die("v"), "waiting");
    assert_eq!(closing.die("w"), "db:d");
    assert_eq!(closing.die("d"), "pool:l");
    assert_eq!(closing.die("l"), "done");
    assert_eq!(closing.advance(), "done");
}

#[test]
fn ties_stop_in_reverse() {
    let lines = ["one 999: a 7, b 7, c 8, d 6", "two 999: e 1, f 1"];
    let mut closing = Closing::new(&lines, &[]);
    assert_eq!(closing.advance(), "two:f two:e");
    closing.alive.clear();
    closing
        .alive
        .extend(["a", "b", "c", "d"].map(str::to_owned));
    assert_eq!(closing.advance(), "one:c one:b one:a one:d");
}

#[test]
fn what_rests_takes_no_time_and_is_not_asked() {
    let lines = ["low 1: a 1, b 1", "mid 2: c 1", "high 3: d 1"];
    let mut closing = Closing::new(&lines, &["d", "c", "b"]);
    assert_eq!(closing.advance(), "low:a");
    assert_eq!(closing.die("a"), "done");
}

#[test]
fn nothing_runs() {
    assert_eq!(Closing::new(&[], &[]).advance(), "done");
    assert_eq!(Closing::new(&["a 1: b 1"], &["b"]).advance(), "done");
}

#[test]
fn a_later_group_may_end_by_itself_meanwhile() {
    let lines = ["low 1: a 1", "mid 2: b 1", "high 3: c 1"];
    let mut closing = Closing::new(&lines, &[]);
    assert_eq!(closing.advance(), "high:c");
    assert_eq!(closing.die("b"), "waiting");
    assert_eq!(closing.die("c"), "low:a");
}

#[test]
fn late_news_of_a_live_process_are_not_missed() {
    let lines = ["low 1: a 1", "high 3: c 1, d 1"];
    let mut closing = Closing::new(&lines, &["c"]);
    assert_eq!(closing.advance(), "high:d");
    // its start was under way when the daemon began to close
    closing.alive.insert("c".to_owned());
    assert_eq!(closing.advance(), "high:c");
    assert_eq!(closing.die("d"), "waiting");
    assert_eq!(closing.die("c"), "low:a");
}

#[test]
fn what_could_not_be_signalled_is_asked_once_more_and_then_left() {
    let lines = ["low 1: a 1", "high 3: c 1, d 1"];
    let mut closing = Closing::new(&lines, &["d"]);
    closing.unknown.insert("c".to_owned());
    assert_eq!(closing.advance(), "high:c");
    // while the signal is on its way it counts as running
    closing.unknown.clear();
    assert_eq!(closing.advance(), "waiting");
    closing.unknown.insert("c".to_owned());
    assert_eq!(closing.advance(), "low:a");
    assert_eq!(closing.die("a"), "done");
}

/// Whatever the groups, in whatever order processes end: each is asked exactly once, none is asked
/// while a group before it runs, and the end comes.
#[test]
fn every_plan_ends() {
    for seed in 0..500_u64 {
        let mut dice = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut roll = |sides: u64| {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            dice % sides
        };
        let lines: Vec<String> = (0..1 + roll(5))
            .map(|g| {
                let count = 1 + roll(4);
                let processes: Vec<String> =
                    (0..count).map(|p| format!("p{g}{p} {}", roll(3))).collect();
                format!("g{g} {}: {}", roll(3), processes.join(", "))
            })
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let mut closing = Closing::new(&lines, &[]);
        let mut asked = Vec::new();
        loop {
            match closing.advance().as_str() {
                "done" => break,
                "waiting" => {
                    let victim = roll(closing.alive.len() as u64) as usize;
                    let victim = closing.alive.iter().nth(victim).cloned();
                    closing
                        .alive
                        .remove(&victim.expect("a process is waited for"));
                }
                names => {
                    let group = names.split(':').next().expect("a group").to_owned();
                    assert_eq!(before(&closing, &group), Vec::<String>::new(), "{lines:?}");
                    asked.extend(names.split(' ').map(str::to_owned));
                }
            }
        }
        let once: BTreeSet<&String> = asked.iter().collect();
        assert_eq!(once.len(), asked.len(), "asked twice: {asked:?}");
        assert!(closing.alive.is_empty());
    }
}

/// What is alive in groups that stop before this one.
fn before(closing: &Closing, group: &str) -> Vec<String> {
    let processes = closing.plan.groups.iter().flat_map(|it| &it.processes);
    let earlier = processes.take_while(|(name, _)| &*name.group != group);
    earlier
        .map(|(name, _)| (*name.process).to_owned())
        .filter(|name| closing.alive.contains(name))
        .collect()
}
