//! Everything that is decided about a child before it exists, as plain data.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use visord_config::Environment;

use super::attempt::{ProgramJobs, SpawnAttempt};
use super::command::ResolvedCommand;
use super::error::SpawnError;
use super::pipes::ChildEnds;
use crate::clock::Clock;

/// One start, queued when it is ordered.
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

impl From<SpawnPlan> for SpawnJob {
    /// A start that needs no preparations.
    fn from(plan: SpawnPlan) -> Self {
        let attempt = SpawnAttempt::new(Clock::new(), ProgramJobs::default());
        Self {
            name: plan.name.clone(),
            attempt: Arc::new(attempt),
            prepare: Box::new(|| Ok((plan, Box::new(|| ())))),
        }
    }
}

/// A child to be. Dropping it closes the child's ends of the pipes.
pub struct SpawnPlan {
    /// Name of the process, for messages.
    pub name: String,
    /// What to execute.
    pub command: ResolvedCommand,
    /// The whole environment, see [`environment`].
    pub environment: Vec<(OsString, OsString)>,
    /// Where to go before exec; `None`: where the daemon is.
    pub directory: Option<PathBuf>,
    /// File creation mask; `None`: the daemon's.
    pub umask: Option<u32>,
    /// Numeric id of the user to become; `None`: stay. The account's groups are looked up on the
    /// spawner thread, since that may ask the network.
    pub user: Option<u32>,
    /// Descriptors 0, 1 and 2.
    pub ends: ChildEnds,
}

impl fmt::Debug for SpawnPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // arguments and variables may hold secrets
        f.debug_struct("SpawnPlan")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The environment of a child (spec core 4.6): the daemon's own, the `SUPERVISOR_` variables,
/// then what the configuration says, which may override both. The daemon's order is kept, new
/// names follow in the order they come.
#[must_use]
pub fn environment(
    daemon_env: &[(OsString, OsString)],
    server_url: Option<&str>,
    process: &str,
    group: &str,
    config_env: &Environment,
) -> Vec<(OsString, OsString)> {
    let mut all = daemon_env.to_vec();
    set(&mut all, "SUPERVISOR_ENABLED", "1");
    if let Some(url) = server_url {
        set(&mut all, "SUPERVISOR_SERVER_URL", url);
    }
    set(&mut all, "SUPERVISOR_PROCESS_NAME", process);
    set(&mut all, "SUPERVISOR_GROUP_NAME", group);
    for (name, value) in config_env {
        set(&mut all, name, value.expose());
    }
    all
}

fn set(all: &mut Vec<(OsString, OsString)>, name: &str, value: &str) {
    let value = OsString::from(value);
    match all.iter_mut().find(|(known, _)| known == OsStr::new(name)) {
        Some((_, old)) => *old = value,
        None => all.push((OsString::from(name), value)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn words(environment: &[(OsString, OsString)]) -> Vec<String> {
        environment
            .iter()
            .map(|(name, value)| format!("{}={}", name.display(), value.display()))
            .collect()
    }

    #[test]
    fn later_sources_override_earlier_ones_in_place() {
        let daemon = [("PATH", "/bin"), ("SUPERVISOR_ENABLED", "old"), ("A", "1")]
            .map(|(name, value)| (name.into(), value.into()));
        let config = BTreeMap::from([
            ("A".to_owned(), "2".into()),
            ("SUPERVISOR_GROUP_NAME".to_owned(), "mine".into()),
            ("B".to_owned(), "".into()),
        ]);
        let all = environment(&daemon, Some("unix:///run/s.sock"), "p", "g", &config);
        assert_eq!(
            words(&all),
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
        let daemon = [("SUPERVISOR_SERVER_URL".into(), "outer".into())];
        let all = environment(&daemon, None, "p", "g", &BTreeMap::new());
        assert_eq!(words(&all)[0], "SUPERVISOR_SERVER_URL=outer");
    }
}
