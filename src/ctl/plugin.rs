//! Commands that are programs of their own: `supervisorctl-NAME` on PATH, or what
//! `[ctlplugin:NAME] command=` names. The original loads Python modules instead, which no
//! other program can (spec interfaces 6.2); as there, a command of ours cannot be replaced.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::errno::Errno;
use nix::sys::signal::SigSet;
use nix::sys::wait::{WaitStatus, waitpid};
use visord_config::{CtlPlugin, Secret};

use super::command::find;
use super::exit_status::ExitStatus;
use super::failure::{Failure, errno_text};
use super::session::{Flow, Server, Session};
use super::terminal::Mode;
use crate::spawn::spawn;

/// What their files are called on PATH, before the name.
const PREFIX: &str = "supervisorctl-";

/// What is known of plug-ins before any is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plugins {
    /// Those of the configuration.
    pub configured: Vec<CtlPlugin>,
    /// The configuration file, absolute; plug-ins are told.
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
    /// The plug-in of that name, unless a command of ours has it.
    ///
    /// # Errors
    /// Its `command` cannot be taken apart; in words.
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
    #[must_use]
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

    /// The variables that tell a plug-in where the daemon is; those without a value are to
    /// be unset, for they may be about another daemon.
    fn variables(&self, server: &Server, json: bool) -> Vec<(&'static str, Option<OsString>)> {
        let text = |text: &Option<String>| text.as_ref().map(OsString::from);
        let password = server.password.as_ref().map(Secret::expose);
        vec![
            ("SUPERVISOR_SERVER_URL", Some(server.url.expose().into())),
            ("SUPERVISOR_USERNAME", text(&server.username)),
            ("SUPERVISOR_PASSWORD", password.map(OsString::from)),
            ("SUPERVISOR_CONFIG", self.file.clone().map(Into::into)),
            ("SUPERVISOR_JSON", json.then(|| "1".into())),
            ("SUPERVISORCTL", env::current_exe().ok().map(Into::into)),
        ]
    }
}

impl Plugin {
    /// What is run, for people.
    #[must_use]
    pub fn shown(&self) -> String {
        self.words.join(" ")
    }

    /// Become the plug-in. Comes back only with the reason why that is impossible.
    #[must_use]
    pub fn become_it(&self, session: &Session<'_>, arguments: &[String]) -> String {
        let file = match self.file() {
            Ok(file) => file,
            Err(why) => return why,
        };
        let mut command = Command::new(&file);
        command.arg0(&self.words[0]).args(&self.words[1..]);
        command.args(arguments);
        let json = session.report.is_some();
        for (name, value) in session.plugins.variables(&session.server, json) {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        self.refused(&file, &command.exec())
    }

    /// Run it and wait for its end; Ctrl-C is its own meanwhile.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn run(&self, session: &mut Session<'_>, arguments: &[String]) -> Result<Flow, Failure> {
        let outcome = match self.file() {
            Ok(file) => {
                let _interrupts = session.terminal.take_interrupts()?;
                let _mode = Mode::kept()?;
                self.start_and_wait(session, &file, arguments)
                    .map_err(|errno| self.refused(&file, &errno.into()))
            }
            Err(why) => Err(why),
        };
        match outcome {
            Ok(true) => {}
            Ok(false) => session.exit_status = ExitStatus::Generic,
            Err(why) => session.fail(ExitStatus::Generic, &why)?,
        }
        Ok(Flow::Continue)
    }

    /// Whether it ended well.
    fn start_and_wait(
        &self,
        session: &Session<'_>,
        file: &Path,
        arguments: &[String],
    ) -> Result<bool, Errno> {
        let words: Vec<OsString> = self.words.iter().chain(arguments).map(Into::into).collect();
        let own = session
            .plugins
            .variables(&session.server, session.report.is_some());
        let is_own = |name: &OsStr| own.iter().any(|(known, _)| *known == name);
        let inherited = env::vars_os().filter(|(name, _)| !is_own(name));
        let set = own.iter().filter_map(|(name, value)| {
            let value = value.clone()?;
            Some((OsString::from(name), value))
        });
        let pid = spawn(file, &words, inherited.chain(set), &SigSet::empty(), &[])?;
        loop {
            match waitpid(pid, None) {
                Ok(WaitStatus::Exited(_, code)) => return Ok(code == 0),
                Ok(WaitStatus::Signaled(..)) => return Ok(false),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    /// The file to run.
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

/// Whether a line can begin with it as a command (spec interfaces 4.3).
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The folders of PATH. Relative ones do not count: what a command is must not depend on
/// where it is typed.
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
