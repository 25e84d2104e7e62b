//! Rules files (spec cluster 2.1, 2.2).

use std::path::{Path, PathBuf};

use visord_cluster::options::Options;
use visord_model::log_line::Level;

use super::Place;
use crate::rules::{RulesError, find, load, parse_bytes};

mod recorded;

/// The error that one file is.
fn refused(text: &[u8]) -> RulesError {
    let place = Place::with("");
    let file = place.path("r.xml");
    std::fs::write(&file, text).expect("a file");
    let mut error = load(&[file]).expect_err("an error");
    error.file = PathBuf::from("r.xml");
    error
}

#[test]
fn errors_name_file_and_line() {
    let deep = "<a>".repeat(20);
    let table = [
        (
            "<root>\n  <application name='a'>\n    <colour>red</colour>\n  </application>\n</root>",
            "r.xml:3: unknown element colour in application",
        ),
        (
            "<root>\n\n<application name='a' size='1'/></root>",
            "r.xml:3: unknown attribute size of application",
        ),
        (
            "<root>\n<application name='a'>\n<distribution/>\n<distribution/></application></root>",
            "r.xml:4: application has distribution more than once",
        ),
        (
            "<root>\n<application name='a'>\n<start_sequence>\n128\n</start_sequence>\n</application>\n</root>",
            "r.xml:3: start_sequence must be a number from -128 to 127, not \"\\n128\\n\"",
        ),
        (
            "<root>\n<application name='a'><starting_strategy>LEAST</starting_strategy></application></root>",
            "r.xml:2: starting_strategy must be one of CONFIG, LESS_LOADED, MOST_LOADED, LOCAL, \
             LESS_LOADED_NODE, MOST_LOADED_NODE, not \"LEAST\"",
        ),
        (
            "<root><model name='m'>\n<expected_loading>101</expected_loading></model></root>",
            "r.xml:2: expected_loading must be a number from 0 to 100, not \"101\"",
        ),
        (
            "<root><model name='m'><required>yes</required></model></root>",
            "r.xml:1: required must be true, false, 1 or 0, not \"yes\"",
        ),
        (
            "<root>\n<alias>x</alias></root>",
            "r.xml:2: alias must have the attribute name",
        ),
        (
            "<root>\n<model> x </model></root>",
            "r.xml:2: model must not have text: \"x\"",
        ),
        (
            "<rules/>",
            "r.xml:1: the outermost element must be root, not rules",
        ),
        ("<root xmlns='urn:x'/>", "r.xml:1: root is in a namespace"),
        (
            "<root>\n<application name='a'></root>",
            "r.xml:2:29: it is not valid XML: Unexpected closing tag: root != application",
        ),
        (
            &*format!("<root>{deep}"),
            "r.xml:1: more than 8 elements are inside each other",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(refused(text.as_bytes()).to_string(), expected, "{text}");
    }
}

#[test]
fn the_warning_names_all_files_and_the_place() {
    let place = Place::with("");
    place.write("a.xml", "<root/>");
    place.write("b.xml", "<root>\n<x/></root>");
    let files = ["a.xml", "b.xml", "c.xml"].map(|name| place.path(name));
    let error = load(&files).expect_err("an error");
    assert_eq!((&error.file, error.line), (&files[1], Some(2)));
    let line = error.warning(&files[1..2]);
    let path = files[1].display();
    let text =
        format!("cannot parse rules files: ['{path}'] - {path}:2: unknown element x in root");
    assert_eq!((line.level, line.text), (Level::Warn, text));
    let problem = error.problem();
    assert_eq!((&problem.file, problem.line), (&files[1], Some(2)));
    let text = format!("rules file {path}:2: unknown element x in root");
    assert_eq!(problem.message, text);
    let error = load(&files[2..]).expect_err("an error");
    assert!(
        error.reason.starts_with("it cannot be read: No such file"),
        "{error}"
    );
    assert_eq!(load(&[place.path("")]).expect_err("a folder").line, None);
}

#[test]
fn size_and_entities_are_bounded() {
    let large = format!("<root>{}</root>", " ".repeat(5 << 20));
    let error = refused(large.as_bytes());
    assert_eq!(error.reason, "it is larger than 4194304 bytes");
    let many = format!("<root>{}</root>", "<model/>".repeat(100_001));
    let error = refused(many.as_bytes());
    assert_eq!(error.reason, "it has more than 100000 elements");
    // a billion laughs
    let mut text = String::from("<!DOCTYPE root [<!ENTITY e0 'lol'>");
    for level in 1..10 {
        let inner = format!("&e{};", level - 1).repeat(10);
        text.push_str(&format!("<!ENTITY e{level} '{inner}'>"));
    }
    text.push_str("]><root><alias name='a'>&e9;</alias></root>");
    let error = refused(text.as_bytes());
    assert!(error.reason.starts_with("it is not valid XML: "), "{error}");
    // one entity many times
    let entity = "x".repeat(60_000);
    let uses = "<alias name='a'>&e;</alias>".repeat(1000);
    let text = format!("<!DOCTYPE root [<!ENTITY e '{entity}'>]><root>{uses}</root>");
    let error = refused(text.as_bytes());
    assert_eq!(error.reason, "it has more than 8388608 bytes of text");
    // a file that an entity names is not read
    let text = "<!DOCTYPE root [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><root><alias name='a'>&e;</alias></root>";
    let error = refused(text.as_bytes());
    assert_eq!(error.reason, "entities of other files are not read");
}

#[test]
fn encodings() {
    let latin =
        b"<?xml version='1.0' encoding='ISO-8859-1'?><root><alias name='\xe9'>a</alias></root>";
    let file = parse_bytes(latin).expect("a file");
    assert_eq!(file.aliases[0].name, "\u{e9}");
    let text = "<root><alias name='\u{e9}'>a</alias></root>";
    let wide: Vec<u8> = "\u{feff}"
        .chars()
        .chain(text.chars())
        .flat_map(|c| u16::try_from(u32::from(c)).expect("small").to_le_bytes())
        .collect();
    assert_eq!(parse_bytes(&wide).expect("a file"), file);
    assert!(parse_bytes(b"<root><alias name='\xff'/></root>").is_err());
}

#[test]
fn files_are_found_by_patterns() {
    let place = Place::with("");
    for name in ["r/b.xml", "r/a.xml", "r/c.txt", "d.xml"] {
        place.write(name, "<root/>");
    }
    let found = find("r/*.xml d.xml  r/a.* none*", &place.path(""));
    let expected = ["d.xml", "r/a.xml", "r/b.xml"].map(|name| place.path(name));
    assert_eq!(found, expected);
    assert_eq!(
        find("/nonexistent/*.xml", Path::new("/")),
        Vec::<PathBuf>::new()
    );
}

#[test]
fn no_file_is_rules_that_say_nothing() {
    let (rules, log) = load(&[]).expect("rules");
    let (found, more) = rules.application("app", &Options::default());
    assert!(!found.managed && log.is_empty() && more.is_empty());
}

/// The examples load, and nothing in them is ignored.
#[test]
fn examples_say_what_they_mean() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config-examples/cluster");
    let files = find("*.xml", &folder);
    assert_eq!(files.len(), 3);
    for file in &files {
        let (rules, log) = load(std::slice::from_ref(file)).expect("rules");
        assert!(log.iter().all(|line| line.level == Level::Info), "{log:?}");
        assert_eq!(rules.complaints(), [], "{}", file.display());
    }
    let (rules, _) = load(&files).expect("all of them");
    let options = Options::default();
    let (console, _) = rules.application("console_07", &options);
    assert_eq!((console.managed, console.start_sequence), (true, 3));
    let (screen, _) = rules.process("console_07", &console, "screen");
    assert_eq!((screen.required, screen.expected_loading), (true, 30));
    let (other, _) = rules.process("console_07", &console, "keyboard");
    assert_eq!((other.required, other.start_sequence), (false, 2));
    let (test, _) = rules.application("console_test", &options);
    assert_eq!((test.managed, test.start_sequence), (true, 0));
    let (shop, _) = rules.application("shop", &options);
    let (front, _) = rules.process("shop", &shop, "front_a");
    let names: Vec<&str> = front.placement.identifiers.iter().map(|it| &**it).collect();
    assert_eq!(names, ["web1", "web2"]);
    assert!(front.required && front.expected_loading == 20);
    let formula = shop.formula.expect("a formula");
    let running = |name: &str| !name.starts_with("front_b") && name != "maintenance";
    let names = ["front_a", "front_b", "worker_1", "worker_2", "maintenance"];
    let holds = formula.holds(|| names.iter().map(|name| (*name, running(name))));
    assert_eq!(holds, Ok(true));
}

#[test]
fn complaints_are_known_before_a_lookup() {
    let text = "<root><application name='a'><identifiers>@</identifiers><start_sequence>-1</start_sequence>\
                <operational_status>1 +</operational_status><programs><program name='p'>\
                <identifiers>#</identifiers><required>1</required></program></programs></application></root>";
    let file = parse_bytes(text.as_bytes()).expect("a file");
    let (rules, log) = visord_cluster::rules::Rules::new(vec![file]);
    assert_eq!(log, []);
    let texts: Vec<String> = rules
        .complaints()
        .into_iter()
        .map(|line| line.text)
        .collect();
    let expected = [
        "rules of application a: @ is for programs only",
        "rules of \"a\": start_sequence=-1 is not an integer >= 0",
        "rules of \"a\": operational_status=\"1 +\" is ignored: AST parse failure",
        "rules of a:p: # needs a pattern",
        "rules of a:p: required needs a start_sequence > 0; it is forced to false",
    ];
    assert_eq!(texts, expected);
}
