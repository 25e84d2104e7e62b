//! Rules files of a cluster (spec cluster 2.1, 2.2).
//!
//! A file is scanned first (`scan.rs`): it must be XML, within limits. serde-xml-rs then reads its
//! elements by the tables of `schema.rs` (`tree.rs`), and `convert.rs` checks the values
//! (docs/decisions/0026).

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use visord_cluster::rules::Rules;
use visord_cluster::rules::element::RulesFile;
use visord_model::log_line::{Level, LogLine};
use visord_model::pyrepr::repr;

use crate::error::Problem;
use crate::sources;

mod convert;
mod scan;
mod schema;
mod tree;

/// Bytes of a file.
const SIZE_LIMIT: u64 = 4 << 20;

/// The first thing that is wrong with a rules file; no rule is loaded then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesError {
    /// The file.
    pub file: PathBuf,
    /// Its line, counted from 1; `None`: the file as a whole.
    pub line: Option<usize>,
    /// The column in the line, counted from 1, if it is known.
    pub column: Option<usize>,
    /// What is wrong there. It may quote what is written.
    pub reason: String,
}

impl fmt::Display for RulesError {
    /// `file:line:column: reason`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for RulesError {}

impl RulesError {
    /// What the activity log says: no rule of these files is loaded.
    pub fn warning(&self, files: &[PathBuf]) -> LogLine {
        let names = files.iter().map(|file| repr(&file.to_string_lossy()));
        let names = names.collect::<Vec<_>>().join(", ");
        let text = format!("cannot parse rules files: [{names}] - {self}");
        LogLine::new(Level::Warn, text)
    }

    /// What `--check` says.
    pub fn problem(&self) -> Problem {
        Problem {
            file: self.file.clone(),
            line: self.line,
            section: None,
            key: None,
            message: format!("rules file {self}"),
            quotes: true,
        }
    }
}

/// What is wrong at a place of a file.
struct Fault {
    line: Option<usize>,
    column: Option<usize>,
    reason: String,
}

impl Fault {
    fn at(line: usize, reason: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            column: None,
            reason: reason.into(),
        }
    }
}

/// The files that `rules_files` names: patterns as of a shell, separated by blanks, relative to the
/// directory of the daemon; sorted, each once.
pub fn find(patterns: &str, cwd: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = patterns
        .split_whitespace()
        .flat_map(|pattern| sources::matches(&cwd.join(pattern).to_string_lossy()))
        .map(PathBuf::from)
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Reads rules files, in this order. No file at all: rules that say nothing.
///
/// # Errors
/// A file cannot be read, is not XML, breaks the schema or is too large; the first one counts.
pub fn load(files: &[PathBuf]) -> Result<(Rules, Vec<LogLine>), RulesError> {
    let mut log = Vec::new();
    let mut contents = Vec::new();
    for file in files {
        let text = format!("rules are read from {}", file.display());
        log.push(LogLine::new(Level::Info, text));
        contents.push(read(file)?);
    }
    let (rules, more) = Rules::new(contents);
    log.extend(more);
    Ok((rules, log))
}

/// Reads one rules file.
fn read(file: &Path) -> Result<RulesFile, RulesError> {
    let fault = |fault: Fault| RulesError {
        file: file.to_owned(),
        line: fault.line,
        column: fault.column,
        reason: fault.reason,
    };
    let bytes = visord_files::read_linked_up_to(file, SIZE_LIMIT).map_err(|error| {
        let reason = if error.kind() == io::ErrorKind::FileTooLarge {
            format!("it is larger than {SIZE_LIMIT} bytes")
        } else if error.kind() == io::ErrorKind::Unsupported {
            format!("it is {error}")
        } else {
            format!("it cannot be read: {error}")
        };
        fault(Fault {
            line: None,
            column: None,
            reason,
        })
    })?;
    parse(&bytes).map_err(fault)
}

/// The elements of a rules file, for fuzzing.
///
/// # Errors
/// What is wrong with it.
pub fn parse_bytes(bytes: &[u8]) -> Result<RulesFile, String> {
    parse(bytes).map_err(|fault| fault.reason)
}

fn parse(bytes: &[u8]) -> Result<RulesFile, Fault> {
    let lines = scan::scan(bytes)?;
    let root = tree::read(bytes, lines)?;
    convert::rules_file(root)
}
