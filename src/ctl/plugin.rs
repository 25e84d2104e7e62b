//! Commands that are separate programs: `supervisorctl-NAME` on PATH, or what
//! `[ctlplugin:NAME] command=` names. The original loads Python modules instead, which no
//! other program can (spec interfaces 6.2); as there, a command of ours cannot be replaced.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::errno::Errno;
use nix::sys::signal::SigSet;
use nix::sys::wait::{WaitStatus, waitpid};
use visord_config::CtlPlugin;

use super::command::find;
use super::failure::{ExitStatus, Failure, Result, errno_text};
use super::session::{Flow, Session};
use super::terminal::Mode;
use crate::spawn::spawn;

/// What their files are called on PATH, before the name.
const PREFIX: &str = "supervisorctl-";

/// What is known of plug-ins before any is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plugins {
    /// Those of the configuration.
    pub configured: Vec<CtlPlugin>,
    /// The configuration file, absolute; plug-ins find it in their environment.
    pub file: Option<PathBuf>,
}

/// A program that is a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugin {
    /// What is typed.
    pub name: String,
    /// What is run: the file and its first arguments.
    words: Vec<String>,
}

impl Plugins {
    /// The plug-in of that name, unless a command of ours has it. Fails if its `command` cannot be
    /// taken apart.
    pub fn find(&self, name: &str) -> Result<Option<Plugin>, String> {
        if !is_name(name) || find(name).is_some() {
            return Ok(None);
        }
        let configured = self.configured.iter().find(|plugin| plugin.name == name);
        let words = match configured {
            Some(plugin) => visord_actors::spawn::split(&plugin.command)
                .map_err(|error| format!("[ctlplugin:{name}] command: {error}"))?,
            None => on_path(&format!("{PREFIX}{name}"))
                .map(|file| vec![file.to_string_lossy().into_owned()])
                .unwrap_or_default(),
        };
        Ok((!words.is_empty()).then(|| Plugin {
            name: name.to_owned(),
            words,
        }))
    }

    /// The names of all there are, sorted. Reads the folders of PATH.
    pub fn names(&self) -> Vec<String> {
        let configured = self.configured.iter().map(|plugin| plugin.name.clone());
        let mut names: Vec<String> = configured.collect();
        for folder in folders() {
            // A folder of PATH need not exist.
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let file = entry.file_name();
                let name = file.to_str().and_then(|file| file.strip_prefix(PREFIX));
                if let Some(name) = name.filter(|name| is_name(name))
                    && is_executable(&entry.path())
                {
                    names.push(name.to_owned());
                }
            }
        }
        names.retain(|name| find(name).is_none());
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl Plugin {
    /// What is run, to be shown.
    pub fn shown(&self) -> String {
        self.words.join(" ")
    }

    /// Become the plug-in. Returns only with the reason why that is impossible.
    pub fn replace_process(&self, session: &Session, arguments: &[String]) -> String {
        let file = match self.file() {
            Ok(file) => file,
            Err(why) => return why,
        };
        let error = Command::new(&file)
            .arg0(&self.words[0])
            .args(self.words[1..].iter().chain(arguments))
            .env_clear()
            .envs(environment(session))
            .exec();
        self.refused(&file, &error)
    }

    /// Run it and wait for its end; Ctrl-C is its own meanwhile.
    pub fn run(&self, session: &mut Session, arguments: &[String]) -> Result<Flow> {
        let file = self.file().map_err(Failure::refused)?;
        let _interrupts = session.terminal.take_interrupts()?;
        let _mode = Mode::kept()?;
        let code = self.start_and_wait(session, &file, arguments);
        let refused = |errno: Errno| Failure::refused(self.refused(&file, &errno.into()));
        let code = code.map_err(refused)?;
        if code != 0 {
            session.exit_status = ExitStatus(code);
        }
        Ok(Flow::Continue)
    }

    /// The exit code, as a shell gives it.
    fn start_and_wait(
        &self,
        session: &Session,
        file: &Path,
        arguments: &[String],
    ) -> Result<u8, Errno> {
        // The system's codes and numbers of signals fit.
        let code = |number: i32| u8::try_from(number).unwrap_or(u8::MAX);
        let words: Vec<OsString> = self.words.iter().chain(arguments).map(Into::into).collect();
        let variables = environment(session);
        let pid = spawn(file, &words, variables, &SigSet::empty(), &[])?;
        loop {
            match waitpid(pid, None) {
                Ok(WaitStatus::Exited(_, number)) => return Ok(code(number)),
                Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(code(128 + signal as i32)),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    fn file(&self) -> Result<PathBuf, String> {
        let word = &self.words[0];
        if word.contains('/') {
            return Ok(PathBuf::from(word));
        }
        on_path(word).ok_or_else(|| format!("ERROR: {}: no {word} on PATH", self.name))
    }

    fn refused(&self, file: &Path, error: &io::Error) -> String {
        let why = errno_text(error);
        format!("ERROR: {}: cannot run {}: {why}", self.name, file.display())
    }
}

/// The environment of a plug-in: ours, and where the daemon is. Of the variables that say this,
/// those without a value are unset, for they may be about another daemon.
fn environment(session: &Session) -> impl Iterator<Item = (OsString, OsString)> {
    let server = &session.server;
    let username = server.username.as_ref().map(Into::into);
    let password = server.password.as_ref().map(|it| it.expose().into());
    let file = session.plugins.file.as_ref().map(Into::into);
    let json = session.report.as_ref().map(|_| "1".into());
    let program = env::current_exe().ok().map(Into::into);
    let own: [(&str, Option<OsString>); 6] = [
        ("SUPERVISOR_SERVER_URL", Some(server.url.expose().into())),
        ("SUPERVISOR_USERNAME", username),
        ("SUPERVISOR_PASSWORD", password),
        ("SUPERVISOR_CONFIG", file),
        ("SUPERVISOR_JSON", json),
        ("SUPERVISORCTL", program),
    ];
    let names = own.clone().map(|(name, _)| name);
    let inherited = env::vars_os().filter(move |(name, _)| !names.iter().any(|own| *name == *own));
    let set = own.into_iter();
    inherited.chain(set.filter_map(|(name, value)| Some((name.into(), value?))))
}

/// Whether this is a name of a command (spec interfaces 4.3) or of a variable: letters, digits and
/// `_`.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The folders of PATH. Relative ones do not count: what a command is must not depend on the
/// working directory.
fn folders() -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    folders.into_iter().filter(|folder| folder.is_absolute())
}

fn on_path(file: &str) -> Option<PathBuf> {
    let mut files = folders().map(|folder| folder.join(file));
    files.find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_commands() {
        let plugin = |name: &str, command: &str| CtlPlugin {
            name: name.to_owned(),
            command: command.to_owned(),
        };
        let plugins = Plugins {
            configured: vec![
                plugin("hello", "/x/hello 'a b'"),
                plugin("status", "/x/status"),
                plugin("open_quote", "'"),
            ],
            file: None,
        };
        let found = plugins.find("hello").expect("words").expect("a plug-in");
        assert_eq!(found.words, ["/x/hello", "a b"]);
        assert_eq!(plugins.find("status"), Ok(None), "ours comes first");
        assert_eq!(plugins.find("no/name"), Ok(None));
        assert!(plugins.find("open_quote").is_err());
        let names = plugins.names();
        assert!(names.contains(&"hello".to_owned()) && !names.contains(&"status".to_owned()));
    }
}
