//! From a command line to a program: splitting and the search path (spec core 4.4).

use std::env;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use derive_more::Display;
use nix::unistd::{AccessFlags, access};
use visord_config::Environment;

use super::SpawnError;

/// Where programs are looked for when no `PATH` says so.
const DEFAULT_PATH: &str = "/bin:/usr/bin:/usr/local/bin";

/// The question which program a command line names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandQuery {
    /// The command line as configured.
    pub command: String,
    /// Directories to search for a program without `/`, in order; an empty one is the daemon's
    /// working directory.
    pub path: Vec<PathBuf>,
}

impl CommandQuery {
    /// Searches the `PATH` of the merged program environment if it sets one (even an empty one),
    /// else the daemon's `PATH`, else (unset or empty) a default list.
    pub fn new(
        command: &str,
        program_environment: &Environment,
        daemon_path: Option<&OsStr>,
    ) -> Self {
        let of_program = program_environment.get("PATH");
        let of_program = of_program.map(|path| OsStr::new(path.expose()));
        let path = of_program.or(daemon_path.filter(|path| !path.is_empty()));
        Self {
            command: command.to_owned(),
            path: env::split_paths(path.unwrap_or(OsStr::new(DEFAULT_PATH))).collect(),
        }
    }
}

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedCommand {
    /// The file to execute, relative to the daemon's working directory if it is not absolute.
    pub path: PathBuf,
    /// The words of the command line; word 0 as written. Never empty.
    pub argv: Vec<String>,
}

/// Why a command line cannot be split.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq)]
pub enum SplitError {
    /// A quote is never closed.
    #[display("No closing quotation")]
    NoClosingQuotation,
    /// It ends with a backslash.
    #[display("No escaped character")]
    NoEscapedCharacter,
    /// A word holds a NUL byte, which no argument can.
    #[display("embedded null byte")]
    NulByte,
}

/// Split a command line like Python's `shlex.split`: blanks, tabs and line ends separate, single
/// quotes are literal, inside double quotes a backslash escapes only `"` and itself, elsewhere any
/// character. No comments, no expansion.
pub fn split(command: &str) -> Result<Vec<String>, SplitError> {
    if command.contains('\0') {
        return Err(SplitError::NulByte);
    }
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = command.chars();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' | '"' => quoted(c, &mut rest, word.get_or_insert_default())?,
            '\\' => {
                let escaped = rest.next().ok_or(SplitError::NoEscapedCharacter)?;
                word.get_or_insert_default().push(escaped);
            }
            plain => word.get_or_insert_default().push(plain),
        }
    }
    words.extend(word);
    Ok(words)
}

/// The rest of a quotation, up to and with its closing quote.
fn quoted(
    quote: char,
    rest: &mut std::str::Chars<'_>,
    word: &mut String,
) -> Result<(), SplitError> {
    loop {
        let c = rest.next().ok_or(SplitError::NoClosingQuotation)?;
        if c == quote {
            return Ok(());
        }
        if c == '\\' && quote == '"' {
            let escaped = rest.next().ok_or(SplitError::NoEscapedCharacter)?;
            if escaped != '"' && escaped != '\\' {
                word.push('\\');
            }
            word.push(escaped);
        } else {
            word.push(c);
        }
    }
}

/// What an error shows of a command line that cannot be split.
fn first_word(command: &str) -> &str {
    let is_end = |c: char| c.is_whitespace() || c == '=';
    command
        .trim_start()
        .split(is_end)
        .next()
        .unwrap_or_default()
}

/// Find the program of a command line and check, with the daemon's own identity, that it can be
/// executed. Touches the file system, so it may block.
pub fn resolve(query: &CommandQuery) -> Result<ResolvedCommand, SpawnError> {
    let argv = split(&query.command).map_err(|reason| SpawnError::Unparsable {
        word: first_word(&query.command).to_owned(),
        reason,
    })?;
    let word = argv.first().ok_or(SpawnError::Empty)?;
    let candidates = if word.contains('/') {
        vec![PathBuf::from(word)]
    } else {
        query.path.iter().map(|dir| dir.join(word)).collect()
    };
    // the first entry of any kind is taken, executable or not (difference C38)
    let (path, metadata) = candidates
        .into_iter()
        .find_map(|path| path.metadata().ok().map(|found| (path, found)))
        .ok_or_else(|| SpawnError::NotFound(word.clone()))?;
    if metadata.is_dir() {
        Err(SpawnError::IsDirectory(path))
    } else if metadata.permissions().mode() & 0o111 == 0 {
        Err(SpawnError::NotExecutable(path))
    } else if access(&path, AccessFlags::X_OK).is_err() {
        Err(SpawnError::NoPermission(path))
    } else {
        Ok(ResolvedCommand { path, argv })
    }
}

#[cfg(test)]
mod tests;
