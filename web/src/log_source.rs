//! Whose log somebody wants to see, and where it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use visord_files::FileType;

use crate::rpc::logs::Channel;
use crate::rpc::names;
use crate::site::Site;
use crate::state::AppState;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An output of a process, named as the client named it.
    Process(String, Channel),
    /// The daemon's own log.
    Activity,
}

/// Why there is nothing to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absent {
    /// Nobody was named, or nobody of this name exists.
    NoProcess(String),
    /// It is not stored in a file.
    NotStored(String),
    /// It goes to something that cannot be read back.
    NoFile(PathBuf, &'static str),
    /// Nothing has been written yet.
    NotYet(PathBuf),
    /// The system refuses it.
    Unreadable(PathBuf, String),
}

impl Source {
    /// What `name=` and `channel=` ask for.
    #[must_use]
    pub fn asked(parameters: &BTreeMap<String, String>) -> Self {
        let name = parameters.get("name").cloned().unwrap_or_default();
        let channel = match parameters.get("channel").map(String::as_str) {
            Some("stderr") => Channel::Stderr,
            Some(_) | None => Channel::Stdout,
        };
        Self::Process(name, channel)
    }

    /// Its file, if it is a file; with a number above 0 that old one.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn file(&self, site: &Site, old: u32) -> Result<PathBuf, Absent> {
        if *self == Self::Activity {
            site.state.settled().await;
        }
        let path = self.path(&site.state)?;
        let path = if old > 0 { numbered(&path, old) } else { path };
        let found = site.state.workers.run(move || look(path)).await;
        found.unwrap_or_else(|not_done| Err(Absent::NotStored(format!("No answer: {not_done}."))))
    }

    /// Where it is now, whatever that is.
    ///
    /// # Errors
    /// Why it is nowhere.
    pub fn path(&self, state: &AppState) -> Result<PathBuf, Absent> {
        match self {
            Self::Process(name, channel) => Self::of_process(state, name, *channel),
            Self::Activity => {
                let path = state.board.identity().logfile.clone();
                path.ok_or_else(|| Absent::NotStored("The activity log goes to syslog.".into()))
            }
        }
    }

    fn of_process(state: &AppState, name: &str, channel: Channel) -> Result<PathBuf, Absent> {
        let unknown = || Absent::NoProcess(name.to_owned());
        let process = names::single(name).map_err(|_| unknown())?;
        let info = state.board.process(&process).ok_or_else(unknown)?;
        channel.path(&info).ok_or_else(|| {
            Absent::NotStored(match channel {
                Channel::Stdout => format!(
                    "The standard output of {name} is not stored in a file: \
                     stdout_logfile is NONE or empty, or it goes to syslog."
                ),
                Channel::Stderr => format!(
                    "The standard error of {name} is not stored in a file of its own: \
                     redirect_stderr sends it to stdout, stderr_logfile is NONE or empty, \
                     or it goes to syslog."
                ),
            })
        })
    }
}

/// The name of an old file of a log: `x.log.1` is the newest.
#[must_use]
pub fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

/// The path, if it is that of a regular file. Blocks.
fn look(path: PathBuf) -> Result<PathBuf, Absent> {
    // `/dev/stdout` may be a file: one that this process was given
    let is_given = path.starts_with("/dev") || path.starts_with("/proc");
    let file_type = match visord_files::look(&path) {
        Ok(Some(found)) => found.file_type,
        Ok(None) => return Err(Absent::NotYet(path)),
        Err(error) => return Err(Absent::Unreadable(path, error.to_string())),
    };
    let what = match file_type {
        FileType::Regular if !is_given => return Ok(path),
        FileType::Link if !is_given => "a link",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        FileType::Folder => "a folder",
        FileType::Regular | FileType::Link | FileType::CharacterDevice | FileType::BlockDevice => {
            "a device"
        }
    };
    Err(Absent::NoFile(path, what))
}

impl Absent {
    /// Whether a log may still come to be.
    #[must_use]
    pub fn may_come(&self) -> bool {
        matches!(self, Self::NotYet(_))
    }

    /// For people.
    #[must_use]
    pub fn words(&self) -> String {
        let shown = |path: &Path| path.display().to_string();
        match self {
            Self::NoProcess(name) if name.is_empty() => "No process was named.".into(),
            Self::NoProcess(name) => format!("No such process: {name}"),
            Self::NotStored(why) => why.clone(),
            Self::NoFile(path, what) => format!(
                "The output goes to {}, {what}, which cannot be read back.",
                shown(path)
            ),
            Self::NotYet(path) => format!("There is no log yet: {} does not exist.", shown(path)),
            Self::Unreadable(path, error) => format!("{} cannot be read: {error}", shown(path)),
        }
    }
}
