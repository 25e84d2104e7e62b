//! Names of processes and groups (spec interfaces 3.1, N1-N5).

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

/// One process: its group and its name within it. Clones share the texts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessName {
    /// Group name.
    pub group: Arc<str>,
    /// Process name within it.
    pub process: Arc<str>,
}

impl ProcessName {
    /// The process of this name in this group.
    pub fn new(group: impl Into<Arc<str>>, process: impl Into<Arc<str>>) -> Self {
        Self {
            group: group.into(),
            process: process.into(),
        }
    }
}

impl fmt::Display for ProcessName {
    /// As [`namespec`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&namespec(&self.group, &self.process))
    }
}

/// What a client named: one process or a whole group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namespec {
    /// `group:process`, or `x` for process x of group x.
    Process(ProcessName),
    /// `group:*` or `group:`.
    Group(Arc<str>),
}

impl Namespec {
    /// Split at the first colon; without one, group and process have the same name.
    pub fn parse(text: &str) -> Self {
        match text.split_once(':') {
            None => Self::Process(ProcessName::new(text, text)),
            Some((group, "" | "*")) => Self::Group(group.into()),
            Some((group, process)) => Self::Process(ProcessName::new(group, process)),
        }
    }
}

/// The displayed name: the group alone if both names are equal, else `group:process`.
pub fn namespec(group: &str, process: &str) -> String {
    if group == process {
        process.into()
    } else {
        alloc::format!("{group}:{process}")
    }
}
