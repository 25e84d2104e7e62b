//! Sections of programs, kept to change the number of their processes while they run
//! (spec cluster 4.9).

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::context::Context;
use crate::dialect::{Document, Section};
use crate::error::ConfigError;
use crate::program::{self, PROCESS_NUM, known_name_of, unique};
use crate::types::{Environment, GroupConfig, GroupKind, HostContext, ProcessConfig};
use crate::{eventlistener, fcgi};

/// The sections of the last loaded configuration whose `process_name` allows any number of
/// processes, with everything that their values may contain. It shows no value.
#[derive(Clone, PartialEq, Eq)]
pub struct Templates {
    document: Document,
    path: PathBuf,
    host: HostContext,
    for_children: Environment,
}

impl Templates {
    pub(crate) fn of(
        document: &Document,
        path: &Path,
        host: &HostContext,
        for_children: &Environment,
    ) -> Self {
        let is_template = |section: &Section| {
            let name = document.entry(section, "process_name");
            is_program(section) && name.is_some_and(|name| name.value.contains(PROCESS_NUM))
        };
        Self {
            document: document.only(is_template),
            path: path.to_owned(),
            host: host.clone(),
            for_children: for_children.clone(),
        }
    }

    /// The processes that this program of a group would have if its `numprocs` were this number,
    /// sorted by (priority, name). The present ones have the same names, unless those contain
    /// `%(numprocs)d`. Asks the user database and the file system, so it may block.
    ///
    /// # Errors
    /// Its `process_name` is not made for that, or there is no such program any more; or its section
    /// has values that cannot be expanded.
    pub fn processes(
        &self,
        program: &str,
        group: &GroupConfig,
        numprocs: u32,
    ) -> Result<Vec<Arc<ProcessConfig>>, ConfigError> {
        let Some(section) = self.section(program, &group.kind) else {
            let message = format!("the processes of {program} have no number in their names");
            return Err(ConfigError::of_file(&self.path, message));
        };
        let mut context = Context::new(&self.document, &self.path, &self.host);
        context.set_environment(&self.for_children);
        // an open socket is shared
        let mut present = group.processes.iter();
        let present = present.find(|process| *process.program == *program);
        let socket = present.and_then(|process| process.socket.clone());
        let reader = context.program_reader(section);
        let number = Some(numprocs.into());
        let processes = program::read_some(&reader, program, &group.name, socket, number);
        let problems = context.problems.take();
        match problems.is_empty() {
            true => Ok(unique(processes)),
            false => Err(ConfigError { problems }),
        }
    }

    fn section(&self, program: &str, kind: &GroupKind) -> Option<&Section> {
        let is_wanted = |section: &Section| match kind {
            GroupKind::Listeners(_) => section.name.starts_with(eventlistener::PREFIX),
            GroupKind::Fastcgi(_) => section.name.starts_with(fcgi::PREFIX),
            GroupKind::Programs => !section.name.starts_with(eventlistener::PREFIX),
        };
        let mut sections = self.document.sections();
        sections.find(|section| is_wanted(section) && known_name_of(section) == program)
    }
}

fn is_program(section: &Section) -> bool {
    let prefixes = [program::PREFIX, fcgi::PREFIX, eventlistener::PREFIX];
    prefixes
        .iter()
        .any(|prefix| section.name.starts_with(prefix))
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.document.sections().map(|section| &section.name);
        f.debug_list().entries(names).finish()
    }
}
