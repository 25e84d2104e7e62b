//! Finds the rules of an application and of a process (spec cluster 2.3, 2.4).

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use visord_model::log_line::{Level, LogLine};
use visord_model::name::namespec;

use super::draft::{Draft, Log, error, label, sequence, set};
use super::element::{ApplicationElement, ProgramElement, RulesFile};
use super::formula::Formula;
use super::identifiers::{Aliases, Written, split};
use super::pattern::Pattern;
use super::{ApplicationRules, ProcessRules};
use crate::options::Options;
use crate::strategy::RunningFailureStrategy;

/// A program refers to a model, which refers to another one.
const LEVELS: u32 = 3;

/// All rules files together. Clones share the elements.
#[derive(Clone, Debug, Default)]
pub struct Rules(Option<Arc<Content>>);

#[derive(Debug, Default)]
struct Content {
    aliases: Aliases,
    models: BTreeMap<String, ProgramElement>,
    applications: Vec<Application>,
    found: Index,
}

#[derive(Debug)]
struct Application {
    element: ApplicationElement,
    found: Index,
}

/// Which element is for a name.
#[derive(Debug, Default)]
struct Index {
    /// The first element of each name.
    names: BTreeMap<String, usize>,
    /// In the order of declaration. Of equal ones the last counts, in the place of the first.
    patterns: Vec<(Pattern, usize)>,
}

/// The element that is for a name.
#[derive(Clone, Copy)]
struct Found {
    at: usize,
    by_pattern: bool,
}

impl Index {
    fn add(&mut self, name: Option<&str>, pattern: Option<&str>, at: usize, log: &mut Log) {
        if let Some(name) = name {
            self.names.entry(name.into()).or_insert(at);
        }
        let Some(text) = pattern else { return };
        let same = self.patterns.iter_mut().find(|(it, _)| it.text() == text);
        if let Some((_, place)) = same {
            *place = at;
            return;
        }
        match Pattern::to_search(text) {
            Ok(pattern) => self.patterns.push((pattern, at)),
            Err(reason) => {
                error(
                    log,
                    format!("rules: pattern \"{text}\" is ignored: {reason}"),
                );
            }
        }
    }

    /// By its name, else by the pattern that matches the longest part of it.
    fn find(&self, name: &str, log: &mut Log) -> Option<Found> {
        if let Some(&at) = self.names.get(name) {
            let by_pattern = false;
            return Some(Found { at, by_pattern });
        }
        let mut best: Option<(usize, usize)> = None;
        for (pattern, at) in &self.patterns {
            match pattern.longest(name) {
                Ok(Some(length)) if best.is_none_or(|(longest, _)| length > longest) => {
                    best = Some((length, *at));
                }
                Ok(_) => {}
                Err(reason) => {
                    let text = pattern.text();
                    error(
                        log,
                        format!("rules: pattern \"{text}\" on \"{name}\": {reason}"),
                    );
                }
            }
        }
        best.map(|(_, at)| Found {
            at,
            by_pattern: true,
        })
    }
}

impl Rules {
    /// Puts files together; also says which patterns cannot be used.
    pub fn new(files: Vec<RulesFile>) -> (Self, Vec<LogLine>) {
        let mut content = Content::default();
        let mut log = Vec::new();
        for file in files {
            content.add(file, &mut log);
        }
        (Self(Some(Arc::new(content))), log)
    }

    /// The rules of an application, and what there is to say about them. What `#` means for it is
    /// left to [`super::share::application`].
    pub fn application(&self, name: &str, options: &Options) -> (ApplicationRules, Vec<LogLine>) {
        let mut rules = ApplicationRules::default();
        let mut log = Vec::new();
        let Some(content) = &self.0 else {
            return (rules, log);
        };
        rules.starting_strategy = options.starting_strategy;
        if let Some(found) = content.found.find(name, &mut log) {
            let element = &content.applications[found.at].element;
            content.apply_application(element, name, &mut rules, &mut log);
        }
        (rules, log)
    }

    /// The rules of a process of an application that these rules were looked up for.
    pub fn process(
        &self,
        application: &str,
        rules: &ApplicationRules,
        process: &str,
    ) -> (ProcessRules, Vec<LogLine>) {
        let mut found = ProcessRules {
            starting_failure: rules.starting_failure,
            running_failure: rules.running_failure,
            ..ProcessRules::default()
        };
        let mut log = Vec::new();
        if let Some(content) = &self.0 {
            content.find_process(application, process, &mut found, &mut log);
        }
        (found, log)
    }
}

impl Rules {
    /// All that will be logged about the elements when they are looked up, for a check of the
    /// files: each element is taken once.
    pub fn complaints(&self) -> Vec<LogLine> {
        let mut log = Vec::new();
        let Some(content) = &self.0 else {
            return log;
        };
        for application in &content.applications {
            let element = &application.element;
            let group = label(element.name.as_deref(), element.pattern.as_deref());
            let mut rules = ApplicationRules::default();
            content.apply_application(element, group, &mut rules, &mut log);
            for program in &element.programs {
                let name = label(program.name.as_deref(), program.pattern.as_deref());
                let mut found = ProcessRules::default();
                let mut draft = Draft::new(&mut found);
                content.apply_program(program, &mut draft, LEVELS, &mut log);
                let by_pattern = program.pattern.is_some();
                draft.finish(&namespec(group, name), by_pattern, &mut log);
            }
        }
        log
    }
}

impl Content {
    fn add(&mut self, file: RulesFile, log: &mut Log) {
        for alias in file.aliases {
            // an alias without a list is none
            if alias.text.is_empty() {
                continue;
            }
            let list = split(&alias.text);
            match self.aliases.iter_mut().find(|(it, _)| **it == *alias.name) {
                Some((_, place)) => *place = list,
                None => self.aliases.push((Arc::from(alias.name), list)),
            }
        }
        for model in file.models {
            if let Some(name) = &model.name {
                self.models.insert(name.clone(), model);
            }
        }
        for element in file.applications {
            let (name, pattern) = (element.name.as_deref(), element.pattern.as_deref());
            self.found.add(name, pattern, self.applications.len(), log);
            let mut found = Index::default();
            for (at, program) in element.programs.iter().enumerate() {
                found.add(program.name.as_deref(), program.pattern.as_deref(), at, log);
            }
            self.applications.push(Application { element, found });
        }
    }

    fn apply_application(
        &self,
        element: &ApplicationElement,
        name: &str,
        rules: &mut ApplicationRules,
        log: &mut Log,
    ) {
        let label = label(element.name.as_deref(), element.pattern.as_deref());
        rules.managed = true;
        set(&mut rules.distribution, element.distribution);
        let mut written = Written::default();
        if let Some(text) = element.identifiers.as_deref().filter(|it| !it.is_empty()) {
            written.read(text, &self.aliases);
        }
        if !written.at.is_empty() {
            let text = format!("rules of application {name}: @ is for programs only");
            error(log, text);
            // it cannot be started anywhere unless there is a #, too
            written.at.clear();
        }
        rules.placement = written.placement();
        let start = sequence(element.start_sequence, "start_sequence", label, log);
        rules.start_sequence = start.unwrap_or(0);
        let stop = sequence(element.stop_sequence, "stop_sequence", label, log);
        rules.stop_sequence = stop.unwrap_or(rules.start_sequence);
        set(&mut rules.starting_strategy, element.starting_strategy);
        set(&mut rules.starting_failure, element.starting_failure);
        set(&mut rules.running_failure, element.running_failure);
        let status = element.operational_status.as_deref();
        let Some(text) = status.filter(|text| !text.is_empty()) else {
            return;
        };
        match Formula::parse(text) {
            Ok(formula) => {
                rules.status_formula = text.into();
                rules.formula = Some(formula);
            }
            Err(reason) => {
                let what = format!("operational_status=\"{text}\" is ignored");
                error(log, format!("rules of \"{label}\": {what}: {reason}"));
            }
        }
    }

    fn find_process(&self, group: &str, process: &str, rules: &mut ProcessRules, log: &mut Log) {
        // what there is to say about the application has been said
        let application = self.found.find(group, &mut Vec::new());
        let application = application.map(|found| &self.applications[found.at]);
        let program = application.and_then(|application| {
            let found = application.found.find(process, log)?;
            Some((&application.element.programs[found.at], found.by_pattern))
        });
        let mut draft = Draft::new(rules);
        if let Some((element, _)) = program {
            self.apply_program(element, &mut draft, LEVELS, log);
        }
        let by_pattern = program.is_some_and(|(_, by_pattern)| by_pattern);
        draft.finish(&namespec(group, process), by_pattern, log);
    }

    /// First the model that the element refers to, then the element.
    fn apply_program(
        &self,
        element: &ProgramElement,
        draft: &mut Draft<'_>,
        levels: u32,
        log: &mut Log,
    ) {
        let Some(levels) = levels.checked_sub(1) else {
            let text = format!("rules: Maximum number {LEVELS} of references reached");
            log.push(LogLine::new(Level::Warn, text));
            return;
        };
        let reference = element.reference.as_ref();
        if let Some(model) = reference.and_then(|name| self.models.get(name)) {
            self.apply_program(model, draft, levels, log);
        }
        draft.read(element, &self.aliases, log);
    }
}

impl ProcessRules {
    /// The strategy because of which supervisord must not restart the process by itself
    /// (spec cluster 2.3).
    pub const fn forbids_autorestart(&self) -> Option<RunningFailureStrategy> {
        match self.running_failure {
            strategy @ (RunningFailureStrategy::StopApplication
            | RunningFailureStrategy::RestartApplication) => Some(strategy),
            RunningFailureStrategy::Continue
            | RunningFailureStrategy::RestartProcess
            | RunningFailureStrategy::Shutdown
            | RunningFailureStrategy::Restart => None,
        }
    }
}
