//! What the original made of rules files (`cluster/tests/original/record.py`).

use std::path::PathBuf;
use std::sync::Arc;

use visord_cluster::options::Options;
use visord_cluster::rules::{ApplicationRules, Placement, ProcessRules, Rules, Sign};
use visord_cluster::strategy::StartingStrategy;
use visord_model::log_line::{Level, LogLine};

use super::Place;
use crate::rules::load;

/// Where we differ, by a part of the file: of a text with a comment in it the original checks the
/// whole, but uses the part before the comment; a boolean with blanks around it is valid for its
/// schema, but ignored later; the XML reader lets pass a `<` in an attribute.
const DIFFERENT: [&str; 3] = [
    "tr<!-- a -->ue",
    "<required> true </required>",
    "<alias name='</a>far'>",
];

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next().expect("an escape") {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                other => out.push(other),
            },
            c => out.push(c),
        }
    }
    out
}

fn names(list: &[Arc<str>]) -> String {
    list.join("|").replace('\n', "\\n")
}

fn placement(placement: &Placement) -> String {
    let (at, hash) = match &placement.sign {
        Some(Sign::At(list)) => (names(list), String::new()),
        Some(Sign::Hash(list)) => (String::new(), names(list)),
        None => Default::default(),
    };
    format!("{}\t{at}\t{hash}", names(&placement.identifiers))
}

fn counts(log: &[LogLine]) -> String {
    let count = |level| log.iter().filter(|line| line.level == level).count();
    format!("{} {}", count(Level::Error), count(Level::Warn))
}

fn application(rules: &ApplicationRules) -> String {
    let status = rules
        .status_formula
        .replace('\\', "\\\\")
        .replace('\n', "\\n");
    let managed = if rules.managed { "True" } else { "False" };
    format!(
        "{}\t{} {} {} {} {managed} {} {} {status}",
        placement(&rules.placement),
        rules.start_sequence,
        rules.stop_sequence,
        rules.starting_failure.name(),
        rules.running_failure.name(),
        rules.distribution.name(),
        rules.starting_strategy.name(),
    )
}

fn process(rules: &ProcessRules) -> String {
    let word = |truth| if truth { "True" } else { "False" };
    format!(
        "{}\t{} {} {} {} {} {} {}",
        placement(&rules.placement),
        rules.start_sequence,
        rules.stop_sequence,
        rules.starting_failure.name(),
        rules.running_failure.name(),
        word(rules.required),
        word(rules.wait_exit),
        rules.expected_loading,
    )
}

fn look_up(rules: &Rules, kind: &str, name: &str) -> String {
    let options = Options {
        starting_strategy: StartingStrategy::LessLoaded,
        ..Options::default()
    };
    let group = name.split(':').next().unwrap_or(name);
    let (found, log) = rules.application(group, &options);
    match kind {
        "application" => format!("{}\t{}", counts(&log), application(&found)),
        "unmanaged" => if found.managed { "managed" } else { "" }.to_owned(),
        _ => {
            let program = name.split_once(':').map_or("", |(_, program)| program);
            let (found, log) = rules.process(group, &found, program);
            format!("{}\t{}", counts(&log), process(&found))
        }
    }
}

/// What we do of what was recorded: `@` of an application is an error, as it has no meaning.
fn expected(kind: &str, recorded: &str) -> String {
    let cells: Vec<&str> = recorded.splitn(5, '\t').collect();
    let [counts, identifiers, at, hash, rest] = cells[..] else {
        return recorded.to_owned();
    };
    if kind != "application" || at.is_empty() {
        return recorded.to_owned();
    }
    let (errors, warnings) = counts.split_once(' ').expect("two numbers");
    let errors = errors.parse::<u32>().expect("a number") + 1;
    format!("{errors} {warnings}\t{identifiers}\t\t{hash}\t{rest}")
}

/// One case of the table: its files and what was recorded.
#[derive(Default)]
struct Case<'a> {
    files: Vec<String>,
    results: Vec<&'a str>,
}

fn cases(table: &str) -> Vec<Case<'_>> {
    let mut cases: Vec<Case<'_>> = Vec::new();
    for line in table.lines() {
        if line == "case" {
            cases.push(Case::default());
            continue;
        }
        let case = cases.last_mut().expect("a case");
        match line.strip_prefix("file\t") {
            Some(text) => case.files.push(unescaped(text)),
            None => case.results.push(line),
        }
    }
    cases
}

fn replay(case: &Case<'_>) -> Result<(), String> {
    let place = Place::with("");
    let mut files: Vec<PathBuf> = Vec::new();
    for (number, text) in case.files.iter().enumerate() {
        let file = place.path(&format!("{number}.xml"));
        std::fs::write(&file, text).expect("a file");
        files.push(file);
    }
    let loaded = load(&files);
    if case.results == ["refused"] {
        let is_refused = loaded.is_err();
        return is_refused.then_some(()).ok_or("we take it".into());
    }
    let (rules, _) = loaded.map_err(|error| format!("we refuse it: {error}"))?;
    for result in &case.results {
        let mut cells = result.splitn(3, '\t');
        let (kind, name) = (cells.next().unwrap_or(""), cells.next().unwrap_or(""));
        let recorded = cells.next().unwrap_or("");
        let ours = look_up(&rules, kind, name);
        if ours != expected(kind, recorded) && !recorded.starts_with("raises ") {
            return Err(format!(
                "{kind} {name}\n  original {recorded}\n  ours     {ours}"
            ));
        }
    }
    Ok(())
}

#[test]
fn as_recorded() {
    let cases = cases(include_str!("../../../../cluster/tests/original/rules.txt"));
    assert!(cases.len() > 300);
    let mut wrong = Vec::new();
    for case in &cases {
        let is_listed = |part: &&str| case.files.iter().any(|file| file.contains(*part));
        let is_different = DIFFERENT.iter().any(is_listed);
        match replay(case) {
            Ok(()) => assert!(!is_different, "the same: {:?}", case.files),
            Err(_) if is_different => {}
            Err(why) => wrong.push(format!("{why}\n{}", case.files.join("\n"))),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}
