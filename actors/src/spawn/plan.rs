//! What is decided about a child before it is made, as plain data.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

use visord_config::Environment;

use super::attempt::SpawnAttempt;
use super::command::ResolvedCommand;
use super::error::SpawnError;
use super::pipes::ChildEnds;

/// One start, queued when it is requested.
pub struct SpawnJob {
    /// Name of the process, for messages.
    pub name: String,
    /// Where it is cancelled.
    pub attempt: Arc<SpawnAttempt>,
    /// Makes the plan on its turn, on the spawner thread; may block.
    pub prepare: Box<dyn FnOnce() -> Result<(SpawnPlan, Delivery), SpawnError> + Send>,
}

/// Hands over what belongs to a child. Called on the spawner thread once there is the child and it
/// is wanted; otherwise dropped there, which may block.
pub type Delivery = Box<dyn FnOnce() + Send>;

/// How to make a child. Dropping it closes the child's ends of the pipes.
pub struct SpawnPlan {
    /// Name of the process, for messages.
    pub name: String,
    /// What to execute.
    pub command: ResolvedCommand,
    /// The whole environment, see [`environment`].
    pub environment: Vec<Arc<CStr>>,
    /// Working directory; `None`: the daemon's.
    pub directory: Option<PathBuf>,
    /// File creation mask; `None`: the daemon's.
    pub umask: Option<u32>,
    /// Numeric id of the user to become; `None`: stay. The account's groups are looked up on the
    /// spawner thread, since that may ask the network.
    pub user: Option<u32>,
    /// Descriptors 0, 1 and 2.
    pub ends: ChildEnds,
}

/// The environment the daemon was started with. Its children share the strings.
#[derive(Default)]
pub struct DaemonEnvironment(Vec<Arc<CStr>>);

impl DaemonEnvironment {
    /// From names and values. The system has none with a NUL byte.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let entries = variables.into_iter().filter_map(|(name, value)| {
            let entry = [name.as_bytes(), b"=", value.as_bytes()].concat();
            CString::new(entry).ok().map(Arc::from)
        });
        Self(entries.collect())
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<OsString> {
        let value = self.0.iter().find_map(|entry| value_of(entry, name))?;
        Some(OsStr::from_bytes(value).to_owned())
    }
}

fn value_of<'a>(entry: &'a CStr, name: &str) -> Option<&'a [u8]> {
    let rest = entry.to_bytes().strip_prefix(name.as_bytes())?;
    rest.strip_prefix(b"=")
}

/// The environment of a child (spec core 4.6), `NAME=VALUE` each: the daemon's own, the
/// `SUPERVISOR_` variables, then what the configuration says, which may override both. The daemon's
/// order is kept, new names follow in the order they come. Error: a NUL byte.
pub fn environment(
    daemon: &DaemonEnvironment,
    server_url: Option<&str>,
    process: &str,
    group: &str,
    config: &Environment,
) -> Result<Vec<Arc<CStr>>, SpawnError> {
    let mut all = Vec::with_capacity(daemon.0.len() + config.len() + 4);
    all.extend_from_slice(&daemon.0);
    set(&mut all, "SUPERVISOR_ENABLED", "1")?;
    if let Some(url) = server_url {
        set(&mut all, "SUPERVISOR_SERVER_URL", url)?;
    }
    set(&mut all, "SUPERVISOR_PROCESS_NAME", process)?;
    set(&mut all, "SUPERVISOR_GROUP_NAME", group)?;
    for (name, value) in config {
        set(&mut all, name, value.expose())?;
    }
    Ok(all)
}

fn set(all: &mut Vec<Arc<CStr>>, name: &str, value: &str) -> Result<(), SpawnError> {
    let entry = CString::new([name, "=", value].concat());
    let entry = Arc::from(entry.map_err(|_| SpawnError::nul("environment"))?);
    match all.iter_mut().find(|old| value_of(old, name).is_some()) {
        Some(old) => *old = entry,
        None => all.push(entry),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn words(environment: Result<Vec<Arc<CStr>>, SpawnError>) -> Vec<String> {
        let entries = environment.expect("no NUL");
        let words = entries.iter().map(|entry| entry.to_string_lossy());
        words.map(String::from).collect()
    }

    fn daemon<const N: usize>(variables: [(&str, &str); N]) -> DaemonEnvironment {
        DaemonEnvironment::new(variables.map(|(name, value)| (name.into(), value.into())))
    }

    #[test]
    fn later_sources_override_earlier_ones_in_place() {
        let daemon = daemon([("PATH", "/bin"), ("SUPERVISOR_ENABLED", "old"), ("A", "1")]);
        let config = BTreeMap::from([
            ("A".to_owned(), "2".into()),
            ("SUPERVISOR_GROUP_NAME".to_owned(), "mine".into()),
            ("B".to_owned(), "".into()),
        ]);
        let all = environment(&daemon, Some("unix:///run/s.sock"), "p", "g", &config);
        assert_eq!(
            words(all),
            [
                "PATH=/bin",
                "SUPERVISOR_ENABLED=1",
                "A=2",
                "SUPERVISOR_SERVER_URL=unix:///run/s.sock",
                "SUPERVISOR_PROCESS_NAME=p",
                "SUPERVISOR_GROUP_NAME=mine",
                "B=",
            ]
        );
    }

    #[test]
    fn without_a_server_an_inherited_url_stays() {
        let daemon = daemon([("SUPERVISOR_SERVER_URL", "outer")]);
        let all = environment(&daemon, None, "p", "g", &BTreeMap::new());
        assert_eq!(words(all)[0], "SUPERVISOR_SERVER_URL=outer");
        let value = daemon.get("SUPERVISOR_SERVER_URL");
        assert_eq!(value, Some(OsString::from("outer")));
        assert_eq!(daemon.get("SUPERVISOR"), None);
    }

    #[test]
    fn a_nul_byte_is_an_error() {
        let config = BTreeMap::from([("A".to_owned(), "a\0b".into())]);
        let refused = environment(&daemon([]), None, "p", "g", &config);
        let refused = refused.expect_err("a NUL byte");
        assert_eq!(refused.to_string(), "environment contains a NUL byte");
    }
}
