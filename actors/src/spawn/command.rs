//! From a command line to a program: splitting and the search path (spec core 4.4).

use std::env;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use nix::unistd::{AccessFlags, access};
use visord_config::Environment;
use visord_model::fault::FaultCode;
use visord_model::pyrepr::repr;

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

/// Split a command line like Python's `shlex.split`: blanks, tabs and line ends separate, single
/// quotes are literal, inside double quotes a backslash escapes only `"` and itself, elsewhere any
/// character. No comments, no expansion.
///
/// # Errors
/// A quote is never closed, it ends with a backslash, or a word holds a NUL byte, which no argument
/// can.
pub fn split(command: &str) -> Result<Vec<String>, &'static str> {
    if command.contains('\0') {
        return Err("embedded null byte");
    }
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = command.chars();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' | '"' => quoted(c, &mut rest, word.get_or_insert_default())?,
            '\\' => {
                let escaped = rest.next().ok_or("No escaped character")?;
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
) -> Result<(), &'static str> {
    loop {
        let c = rest.next().ok_or("No closing quotation")?;
        if c == quote {
            return Ok(());
        }
        if c == '\\' && quote == '"' {
            let escaped = rest.next().ok_or("No escaped character")?;
            if escaped != '"' && escaped != '\\' {
                word.push('\\');
            }
            word.push(escaped);
        } else {
            word.push(c);
        }
    }
}

/// Find the program of a command line and check, with the daemon's own identity, that it can be
/// executed. Touches the file system, so it may block.
pub fn resolve(query: &CommandQuery) -> Result<ResolvedCommand, SpawnError> {
    let unfit = |text| SpawnError::Command(FaultCode::NotExecutable, text);
    let argv = split(&query.command).map_err(|reason| {
        // what follows the first word may hold secrets
        let line = query.command.trim_start();
        let word = line.split(|c: char| c.is_whitespace() || c == '=').next();
        let word = repr(word.unwrap_or_default());
        unfit(format!("can't parse command {word}: {reason}"))
    })?;
    let word = argv.first();
    let word = word.ok_or_else(|| unfit("command is empty".to_owned()))?;
    let candidates = if word.contains('/') {
        vec![PathBuf::from(word)]
    } else {
        query.path.iter().map(|dir| dir.join(word)).collect()
    };
    // the first entry of any kind is taken, executable or not (difference C38)
    let (path, metadata) = candidates
        .into_iter()
        .find_map(|path| path.metadata().ok().map(|found| (path, found)))
        .ok_or_else(|| {
            let text = format!("can't find command {}", repr(word));
            SpawnError::Command(FaultCode::NoFile, text)
        })?;
    let shown = repr(&path.to_string_lossy());
    if metadata.is_dir() {
        Err(unfit(format!("command at {shown} is a directory")))
    } else if metadata.permissions().mode() & 0o111 == 0 {
        Err(unfit(format!("command at {shown} is not executable")))
    } else if access(&path, AccessFlags::X_OK).is_err() {
        Err(unfit(format!("no permission to run command {shown}")))
    } else {
        Ok(ResolvedCommand { path, argv })
    }
}

#[cfg(test)]
mod tests;
