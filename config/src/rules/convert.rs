//! Values of elements (spec cluster 2.2, 2.3).

use visord_cluster::rules::element::{Alias, ApplicationElement, ProgramElement, RulesFile};
use visord_cluster::strategy::{
    Distribution, RunningFailureStrategy, StartingFailureStrategy, StartingStrategy,
};

use super::Fault;
use super::tree::{Element, is_blank};

/// The file of a root element.
pub(super) fn rules_file(root: Element) -> Result<RulesFile, Fault> {
    let mut file = RulesFile::default();
    for element in root.children {
        match element.shape.name {
            "alias" => file.aliases.push(Alias {
                name: element.name.unwrap_or_default(),
                text: element.text,
            }),
            "model" => file.models.push(program(element)?),
            _ => file.applications.push(application(element)?),
        }
    }
    Ok(file)
}

fn application(element: Element) -> Result<ApplicationElement, Fault> {
    let mut found = ApplicationElement {
        name: element.name,
        pattern: element.pattern,
        ..ApplicationElement::default()
    };
    for child in element.children {
        match child.shape.name {
            "distribution" => {
                let names = Distribution::ALL.map(Distribution::name);
                found.distribution = Some(word(&child, &names, Distribution::from_name)?);
            }
            "identifiers" => found.identifiers = Some(child.text),
            "start_sequence" => found.start_sequence = Some(sequence(&child)?),
            "stop_sequence" => found.stop_sequence = Some(sequence(&child)?),
            "starting_strategy" => {
                let names = StartingStrategy::ALL.map(StartingStrategy::name);
                found.starting_strategy = Some(word(&child, &names, StartingStrategy::from_name)?);
            }
            "starting_failure_strategy" => found.starting_failure = Some(starting(&child)?),
            "running_failure_strategy" => found.running_failure = Some(running(&child)?),
            "operational_status" => found.operational_status = Some(child.text),
            _ => {
                for element in child.children {
                    found.programs.push(program(element)?);
                }
            }
        }
    }
    Ok(found)
}

/// A program or a model.
fn program(element: Element) -> Result<ProgramElement, Fault> {
    let mut found = ProgramElement {
        name: element.name,
        pattern: element.pattern,
        ..ProgramElement::default()
    };
    for child in element.children {
        match child.shape.name {
            "reference" => found.reference = Some(child.text),
            "identifiers" => found.identifiers = Some(child.text),
            "start_sequence" => found.start_sequence = Some(sequence(&child)?),
            "stop_sequence" => found.stop_sequence = Some(sequence(&child)?),
            "required" => found.required = Some(boolean(&child)?),
            "wait_exit" => found.wait_exit = Some(boolean(&child)?),
            "expected_loading" => found.expected_loading = Some(loading(&child)?),
            "starting_failure_strategy" => found.starting_failure = Some(starting(&child)?),
            _ => found.running_failure = Some(running(&child)?),
        }
    }
    Ok(found)
}

fn fault(element: &Element, expected: &str) -> Fault {
    let (name, text) = (element.shape.name, &element.text);
    Fault::at(
        element.line,
        format!("{name} must be {expected}, not {text:?}"),
    )
}

fn starting(element: &Element) -> Result<StartingFailureStrategy, Fault> {
    let names = StartingFailureStrategy::ALL.map(StartingFailureStrategy::name);
    word(element, &names, StartingFailureStrategy::from_name)
}

fn running(element: &Element) -> Result<RunningFailureStrategy, Fault> {
    let names = RunningFailureStrategy::ALL.map(RunningFailureStrategy::name);
    word(element, &names, RunningFailureStrategy::from_name)
}

/// Blanks around it count.
fn word<T>(
    element: &Element,
    names: &[&str],
    from_name: impl Fn(&str) -> Option<T>,
) -> Result<T, Fault> {
    let expected = || fault(element, &format!("one of {}", names.join(", ")));
    from_name(&element.text).ok_or_else(expected)
}

fn sequence(element: &Element) -> Result<i8, Fault> {
    let number = number(element).and_then(|number| i8::try_from(number).ok());
    number.ok_or_else(|| fault(element, "a number from -128 to 127"))
}

fn loading(element: &Element) -> Result<u8, Fault> {
    let number = number(element).and_then(|number| u8::try_from(number).ok());
    let number = number.filter(|number| *number <= 100);
    number.ok_or_else(|| fault(element, "a number from 0 to 100"))
}

fn number(element: &Element) -> Option<i64> {
    element.text.trim_matches(is_blank).parse().ok()
}

fn boolean(element: &Element) -> Result<bool, Fault> {
    match element.text.trim_matches(is_blank) {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(fault(element, "true, false, 1 or 0")),
    }
}
