//! Lookup, models, defaults, consistency (spec cluster 2.3-2.5). What files say is compared with
//! the original in `config/src/tests/rules`.

use std::string::{String, ToString as _};
use std::sync::Arc;
use std::vec;
use std::vec::Vec;

use visord_model::log_line::{Level, LogLine};

use crate::options::Options;
use crate::rules::element::{Alias, ApplicationElement, ProgramElement, RulesFile};
use crate::rules::{ApplicationRules, Placement, ProcessRules, Rules, Sign};
use crate::strategy::{RunningFailureStrategy, StartingStrategy};

fn program(name: &str, change: impl FnOnce(&mut ProgramElement)) -> ProgramElement {
    let mut element = ProgramElement {
        name: Some(name.into()),
        ..ProgramElement::default()
    };
    change(&mut element);
    element
}

fn pattern(text: &str, change: impl FnOnce(&mut ProgramElement)) -> ProgramElement {
    let mut element = program("", change);
    (element.name, element.pattern) = (None, Some(text.into()));
    element
}

fn application(name: &str, programs: Vec<ProgramElement>) -> ApplicationElement {
    ApplicationElement {
        name: Some(name.into()),
        programs,
        ..ApplicationElement::default()
    }
}

fn rules(file: RulesFile) -> Rules {
    let (rules, log) = Rules::new(vec![file]);
    assert_eq!(log, []);
    rules
}

fn process(rules: &Rules, group: &str, name: &str) -> (ProcessRules, Vec<LogLine>) {
    let (application, _) = rules.application(group, &Options::default());
    rules.process(group, &application, name)
}

fn one(element: ProgramElement, name: &str) -> (ProcessRules, Vec<LogLine>) {
    let file = RulesFile {
        applications: vec![application("app", vec![element])],
        ..RulesFile::default()
    };
    process(&rules(file), "app", name)
}

fn list(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().copied().map(Arc::from).collect()
}

#[test]
fn without_files_all_is_default() {
    let options = Options {
        starting_strategy: StartingStrategy::Local,
        ..Options::default()
    };
    let (found, log) = Rules::default().application("app", &options);
    assert_eq!((&found, log), (&ApplicationRules::default(), vec![]));
    let (process, log) = Rules::default().process("app", &found, "p");
    assert_eq!((process, log), (ProcessRules::default(), vec![]));
    // the option counts as soon as there are files
    let (found, _) = rules(RulesFile::default()).application("app", &options);
    assert_eq!(found.starting_strategy, StartingStrategy::Local);
    assert!(!found.managed);
}

#[test]
fn processes_inherit_from_the_application() {
    let mut element = application("app", vec![]);
    element.running_failure = Some(RunningFailureStrategy::Restart);
    let file = RulesFile {
        applications: vec![element],
        ..RulesFile::default()
    };
    let (found, _) = process(&rules(file), "app", "p");
    assert_eq!(found.running_failure, RunningFailureStrategy::Restart);
    assert_eq!(found.forbids_autorestart(), None);
    let strategy = RunningFailureStrategy::StopApplication;
    let (found, _) = one(program("p", |it| it.running_failure = Some(strategy)), "p");
    assert_eq!(found.forbids_autorestart(), Some(strategy));
}

#[test]
fn required_needs_a_sequence() {
    let (found, log) = one(program("p", |it| it.required = Some(true)), "p");
    assert!(!found.required);
    let text = "rules of app:p: required needs a start_sequence > 0; it is forced to false";
    assert_eq!(log, [LogLine::new(Level::Error, text)]);
}

#[test]
fn negative_sequences_keep_the_default() {
    let element = program("p", |it| {
        it.start_sequence = Some(-1);
        it.stop_sequence = Some(-2);
    });
    let (found, log) = one(element, "p");
    assert_eq!((found.start_sequence, found.stop_sequence), (0, 0));
    let texts: Vec<String> = log.iter().map(|line| line.text.to_string()).collect();
    let expected = [
        "rules of \"p\": start_sequence=-1 is not an integer >= 0",
        "rules of \"p\": stop_sequence=-2 is not an integer >= 0",
    ];
    assert_eq!(texts, expected);
}

#[test]
fn models_are_two_deep() {
    let model = |name: &str, reference: Option<&str>, load: u8| {
        program(name, |it| {
            it.reference = reference.map(String::from);
            it.start_sequence = Some(load.cast_signed());
            it.expected_loading = (load != 3).then_some(load);
        })
    };
    let file = RulesFile {
        models: vec![
            model("a", None, 1),
            model("b", Some("a"), 2),
            model("c", Some("b"), 3),
        ],
        applications: vec![application(
            "app",
            vec![program("p", |it| it.reference = Some("c".into()))],
        )],
        ..RulesFile::default()
    };
    let (found, log) = process(&rules(file), "app", "p");
    assert_eq!((found.start_sequence, found.expected_loading), (3, 2));
    let text = "rules: Maximum number 3 of references reached";
    assert_eq!(log, [LogLine::new(Level::Warn, text)]);
}

#[test]
fn a_model_may_refer_to_itself() {
    let file = RulesFile {
        models: vec![program("a", |it| it.reference = Some("a".into()))],
        applications: vec![application(
            "app",
            vec![program("p", |it| it.reference = Some("a".into()))],
        )],
        ..RulesFile::default()
    };
    assert_eq!(process(&rules(file), "app", "p").1.len(), 1);
}

fn placed(text: &str, by_pattern: bool) -> (Placement, usize) {
    let change = |it: &mut ProgramElement| it.identifiers = Some(text.into());
    let element = if by_pattern {
        pattern("p", change)
    } else {
        program("p", change)
    };
    let alias = |name: &str, text: &str| Alias {
        name: name.into(),
        text: text.into(),
    };
    let file = RulesFile {
        aliases: vec![
            alias("all", "one, two,,one"),
            alias("one", "sv1"),
            alias("two", "all,sv2"),
            alias("sign", "#,sv3"),
            alias("none", ""),
        ],
        applications: vec![application("app", vec![element])],
        ..RulesFile::default()
    };
    let (found, log) = process(&rules(file), "app", "p");
    (found.placement, log.len())
}

#[test]
fn identifiers() {
    let plain = |names: &[&str]| Placement {
        identifiers: list(names),
        sign: None,
    };
    let hash = |names: &[&str]| Placement {
        identifiers: vec![],
        sign: Some(Sign::Hash(list(names))),
    };
    let at = |names: &[&str]| Placement {
        identifiers: vec![],
        sign: Some(Sign::At(list(names))),
    };
    let table = [
        ("", plain(&["*"]), 0),
        (" , ,", plain(&[]), 0),
        ("sv1, sv2 ,sv1", plain(&["sv1", "sv2"]), 0),
        ("sv1,*", plain(&["*"]), 0),
        ("all", plain(&["sv1", "all", "sv2", "one"]), 0),
        ("one,all", plain(&["sv1", "one", "all", "sv2"]), 0),
        ("none", plain(&["none"]), 0),
        ("#", hash(&["*"]), 0),
        ("@", at(&["*"]), 0),
        ("sv2,#,sv1", hash(&["sv2", "sv1"]), 0),
        ("@,*,sv1", at(&["*"]), 0),
        ("sign", hash(&["sv3"]), 0),
        ("@,#,sv1", at(&["sv1"]), 1),
    ];
    for (text, expected, errors) in table {
        assert_eq!(placed(text, true), (expected, errors), "{text}");
    }
    assert_eq!(placed("#", false), (plain(&["*"]), 1));
    assert_eq!(placed("@,sv1", false), (plain(&["*"]), 1));
    assert_eq!(placed("@,#", false), (plain(&["*"]), 2));
}

#[test]
fn at_is_refused_for_applications() {
    let mut element = application("app_1", vec![]);
    element.identifiers = Some("@".into());
    let file = RulesFile {
        applications: vec![element],
        ..RulesFile::default()
    };
    let (found, log) = rules(file).application("app_1", &Options::default());
    assert_eq!(
        (found.placement.identifiers, found.placement.sign),
        (vec![], None)
    );
    let text = "rules of application app_1: @ is for programs only";
    assert_eq!(log, [LogLine::new(Level::Error, text)]);
}

#[test]
fn a_bad_formula_is_ignored() {
    let mut element = application("app", vec![]);
    element.operational_status = Some("'a' and".into());
    let file = RulesFile {
        applications: vec![element],
        ..RulesFile::default()
    };
    let (found, log) = rules(file).application("app", &Options::default());
    assert_eq!((&*found.status_formula, found.formula), ("", None));
    let text = "rules of \"app\": operational_status=\"'a' and\" is ignored: AST parse failure";
    assert_eq!(log, [LogLine::new(Level::Error, text)]);
}

#[test]
fn a_bad_pattern_is_ignored() {
    let file = RulesFile {
        applications: vec![application(
            "app",
            vec![pattern("a(", |_| ()), pattern("p", |_| ())],
        )],
        ..RulesFile::default()
    };
    let (rules, log) = Rules::new(vec![file]);
    let text = "rules: pattern \"a(\" is ignored: missing ), unterminated subpattern";
    assert_eq!(log, [LogLine::new(Level::Error, text)]);
    assert_eq!(process(&rules, "app", "a(").1, []);
}
