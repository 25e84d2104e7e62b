//! Applies elements to the rules of a process, and makes them consistent (spec cluster 2.3, 2.5).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use visord_model::log_line::{Level, LogLine};

use super::ProcessRules;
use super::element::ProgramElement;
use super::identifiers::{Aliases, Written};

pub(super) type Log = Vec<LogLine>;

pub(super) fn error(log: &mut Log, text: String) {
    log.push(LogLine::new(Level::Error, text));
}

/// The element as it is named in the log.
pub(super) fn label<'a>(name: Option<&'a str>, pattern: Option<&'a str>) -> &'a str {
    let is_given = |text: &&str| !text.is_empty();
    name.filter(is_given).or(pattern).unwrap_or_default()
}

/// A sequence of an element, or the default.
pub(super) fn sequence(value: Option<i8>, what: &str, element: &str, log: &mut Log) -> Option<u32> {
    let value = value?;
    let sequence = u32::try_from(value).ok();
    if sequence.is_none() {
        let text = format!("rules of \"{element}\": {what}={value} is not an integer >= 0");
        error(log, text);
    }
    sequence
}

pub(super) fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

/// The rules of a process while elements are applied to them.
pub(super) struct Draft<'a> {
    rules: &'a mut ProcessRules,
    written: Written,
    stop_sequence: Option<u32>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(rules: &'a mut ProcessRules) -> Self {
        Self {
            rules,
            written: Written::default(),
            stop_sequence: None,
        }
    }

    pub(super) fn read(&mut self, element: &ProgramElement, aliases: &Aliases, log: &mut Log) {
        let label = label(element.name.as_deref(), element.pattern.as_deref());
        if let Some(text) = element.identifiers.as_deref().filter(|it| !it.is_empty()) {
            self.written.read(text, aliases);
        }
        let rules = &mut *self.rules;
        let start = sequence(element.start_sequence, "start_sequence", label, log);
        set(&mut rules.start_sequence, start);
        let stop = sequence(element.stop_sequence, "stop_sequence", label, log);
        self.stop_sequence = stop.or(self.stop_sequence);
        set(&mut rules.required, element.required);
        set(&mut rules.wait_exit, element.wait_exit);
        set(
            &mut rules.expected_loading,
            element.expected_loading.map(u32::from),
        );
        set(&mut rules.starting_failure, element.starting_failure);
        set(&mut rules.running_failure, element.running_failure);
    }

    /// Makes the rules consistent.
    pub(super) fn finish(mut self, name: &str, by_pattern: bool, log: &mut Log) {
        let written = &mut self.written;
        if !by_pattern {
            for (sign, list) in [('@', &mut written.at), ('#', &mut written.hash)] {
                if !list.is_empty() {
                    error(log, format!("rules of {name}: {sign} needs a pattern"));
                    list.clear();
                    written.identifiers = Written::default().identifiers;
                }
            }
        }
        if !written.at.is_empty() && !written.hash.is_empty() {
            let text = format!("rules of {name}: # is ignored because there is @, too");
            error(log, text);
        }
        let rules = self.rules;
        rules.placement = self.written.placement();
        if rules.required && rules.start_sequence == 0 {
            let text = format!("rules of {name}: required needs a start_sequence > 0");
            error(log, format!("{text}; it is forced to false"));
            rules.required = false;
        }
        rules.stop_sequence = self.stop_sequence.unwrap_or(rules.start_sequence);
    }
}
