//! `group:process` names (spec interfaces 3.1, N1-N5).

use alloc::format;
use alloc::string::{String, ToString};

/// What a client named: one process or a whole group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namespec {
    /// `group:process`, or `x` for process x of group x.
    Process {
        /// Name of the group.
        group: String,
        /// Name of the process in it.
        process: String,
    },
    /// `group:*` or `group:`.
    Group(String),
}

impl Namespec {
    /// Split at the first colon; without one, group and process have the same name.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.split_once(':') {
            None => Self::Process {
                group: text.to_string(),
                process: text.to_string(),
            },
            Some((group, "" | "*")) => Self::Group(group.to_string()),
            Some((group, process)) => Self::Process {
                group: group.to_string(),
                process: process.to_string(),
            },
        }
    }
}

/// The displayed name: the group alone if both names are equal, else `group:process`.
#[must_use]
pub fn namespec(group: &str, process: &str) -> String {
    if group == process {
        process.to_string()
    } else {
        format!("{group}:{process}")
    }
}
