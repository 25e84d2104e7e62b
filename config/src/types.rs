//! What a configuration file says, after every expansion, default and check.

mod http;
mod output;
mod supvisors;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use visord_model::event::{EventDetail, EventKind};
use visord_model::listener::{EventLength, ListenerRecover};
use visord_model::log_line::{Level, LogLine};
use visord_model::process::Policy;

pub use http::*;
pub use supvisors::*;

use crate::secret::Secret;
pub use output::{
    ChannelConfig, LogFileConfig, LogTarget, SyslogAddress, SyslogConfig, SyslogFormat,
};

/// A whole configuration: the file, its includes and the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The file it was read from, as given (absolute once the daemon keeps it, difference C27).
    pub path: PathBuf,
    /// `[supervisord]`, overridden by the command line.
    pub server: ServerConfig,
    /// All inet servers in file order, then all unix servers.
    pub http: Vec<HttpConfig>,
    /// `[rpcinterface:x]`, in file order.
    pub rpc_interfaces: Vec<RpcInterfaceConfig>,
    /// `[rpcinterface:supvisors]`: what makes this supervisord an instance of a cluster.
    pub supvisors: Option<SupvisorsConfig>,
    /// Every group, sorted by (priority, name); names are unique (spec core 1.12 note 6).
    pub groups: Vec<GroupConfig>,
    /// Remarks for the activity log at start and reload: CRIT, then WARN, then INFO.
    pub remarks: Vec<LogLine>,
}

/// `[supervisord]` (spec core 1.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// Descriptors that must be available.
    pub minfds: i64,
    /// Processes that must be available.
    pub minprocs: i64,
    /// Working directory of a daemon in the background.
    pub directory: Option<PathBuf>,
    /// Id of the user to run as; `None`: the one who started the daemon.
    pub user: Option<u32>,
    /// File creation mask when daemonizing.
    pub umask: u32,
    /// Activity log.
    pub logfile: MainLogTarget,
    /// Rotate at this many bytes; 0 never.
    pub logfile_maxbytes: i64,
    /// Rotated files kept.
    pub logfile_backups: i64,
    /// Least important level written.
    pub loglevel: Level,
    /// Absolute path of the pidfile.
    pub pidfile: PathBuf,
    /// Name of this daemon.
    pub identifier: String,
    /// Stay in the foreground.
    pub nodaemon: bool,
    /// Do not repeat the activity log on stdout.
    pub silent: bool,
    /// Where AUTO child logs go.
    pub childlogdir: PathBuf,
    /// Keep old AUTO logs.
    pub nocleanup: bool,
    /// Remove ANSI sequences from child logs.
    pub strip_ansi: bool,
    /// `[supervisord] environment`.
    pub environment: Environment,
}

/// Variables of an environment.
pub type Environment = BTreeMap<String, Secret>;

/// Variables as the system lists them.
pub fn environment(variables: impl IntoIterator<Item = (String, String)>) -> Environment {
    let secret = |(name, value): (String, String)| (name, value.into());
    variables.into_iter().map(secret).collect()
}

/// Where the activity log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MainLogTarget {
    /// A syslog, the local one if nothing else is said.
    Syslog(SyslogConfig),
    /// A file, absolute.
    File(PathBuf),
}

/// Where a server or a FastCGI socket listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// TCP; for FastCGI over IPv4.
    Inet {
        /// Lower-cased; empty: every interface.
        host: String,
        /// 1..=65535.
        port: u16,
    },
    /// A unix socket.
    Unix {
        /// Absolute path.
        path: PathBuf,
        /// Mode of the socket file.
        mode: u32,
        /// Owner of the socket file.
        owner: Ownership,
    },
}

/// Owner for a socket file; `None` leaves that part as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ownership {
    /// New owner.
    pub uid: Option<u32>,
    /// New group.
    pub gid: Option<u32>,
}

/// A group of processes that is added, removed and compared as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupConfig {
    /// Name, unique.
    pub name: String,
    /// Order of start (ascending) and stop (descending).
    pub priority: i64,
    /// What kind of section made it.
    pub kind: GroupKind,
    /// Its processes in configured order (spec core 1.11 note 4, 1.12 note 4).
    pub processes: Vec<Arc<ProcessConfig>>,
}

/// What kind of section made a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// `[program:x]` or `[group:x]`.
    Programs,
    /// `[eventlistener:x]`.
    Listeners(PoolConfig),
    /// `[fcgi-program:x]` that is in no `[group:x]`.
    Fastcgi(Arc<FcgiSocket>),
}

/// What is special about an event listener pool (spec core 1.11.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolConfig {
    /// Events kept while no listener is ready, at least 1.
    pub buffer_size: usize,
    /// Subscriptions, in the order written, without duplicates.
    pub events: Vec<EventKind>,
    /// `event_detail = basic | extended`: how much process state events say.
    pub event_detail: EventDetail,
    /// `event_length = characters | bytes`: what the `len` of an event counts.
    pub event_length: EventLength,
    /// `listener_recover = never | restart`: what happens to a listener in UNKNOWN.
    pub listener_recover: ListenerRecover,
}

/// A listening socket shared by FastCGI processes (spec core 1.11.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FcgiSocket {
    /// `unix:///path` or `tcp://host:port`, normalised; identifies the socket.
    pub url: String,
    /// Where it listens.
    pub address: ListenAddress,
    /// Length of the accept queue; `None`: the system's maximum.
    pub backlog: Option<i32>,
}

/// One process of a program-type section (spec core 1.11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessConfig {
    /// Name within its group.
    pub name: String,
    /// The name of its section, without what kind of section it is.
    pub program: Arc<str>,
    /// Its rank among the processes of that section, from 0.
    pub index: u32,
    /// Command line, not split yet: a bad one is a spawn error.
    pub command: String,
    /// Where the child runs, `None`: where the daemon is.
    pub directory: Option<String>,
    /// The child's file creation mask, `None`: inherited.
    pub umask: Option<u32>,
    /// Order of stopping within a group.
    pub priority: i64,
    /// When to start, retry, restart and stop.
    pub policy: Policy,
    /// Id of the user to run as; `None`: that of the daemon.
    pub user: Option<u32>,
    /// One pipe for both outputs.
    pub redirect_stderr: bool,
    /// Standard output.
    pub stdout: ChannelConfig,
    /// Standard error; without effect if redirected.
    pub stderr: ChannelConfig,
    /// Merged: `[supervisord] environment` under the program's own.
    pub environment: Environment,
    /// `SUPERVISOR_SERVER_URL` for the child, `None`: the automatic one.
    pub serverurl: Option<Secret>,
    /// The FastCGI socket that becomes fd 0, kept even inside a `[group:x]` (difference C21).
    pub socket: Option<Arc<FcgiSocket>>,
}

/// `[supervisorctl]` (spec core 1.15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientConfig {
    /// Where the daemon listens; may hold credentials.
    pub serverurl: Secret,
    /// Name for Basic authentication.
    pub username: Option<String>,
    /// Password for Basic authentication.
    pub password: Option<Secret>,
    /// The prompt without `> `.
    pub prompt: String,
    /// Where the shell's history is kept.
    pub history_file: Option<PathBuf>,
    /// `tls_ca` (visord only): a PEM file of authorities trusted for `https://` instead of the
    /// system's.
    pub tls_ca: Option<PathBuf>,
    /// `tls_cert` and `tls_key` (visord only): PEM files of the certificate that is shown to an
    /// `https://` server with `tls_client_ca`, and of its key; both or neither.
    pub tls_identity: Option<(PathBuf, PathBuf)>,
    /// `[ctlplugin:x]` sections with a program, in file order.
    pub plugins: Vec<CtlPlugin>,
    /// A `[ctlplugin:x]` section asks for the commands for Supvisors (spec cluster 10.1).
    pub supvisors: bool,
}

/// `[ctlplugin:x]` with a `command` (visord only): a program that is a command of `supervisorctl`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CtlPlugin {
    /// What is typed: letters, digits and `_`.
    pub name: String,
    /// The program and its first arguments, not split yet.
    pub command: String,
}

/// Settings of `[supervisord]` from the command line, which beat the file (spec core 2.1): by key a
/// text that the key can have, a path with `~` expanded, `true` for a flag.
pub type Overrides = BTreeMap<String, String>;

/// What this process and its machine contribute to a configuration; a parameter, so that tests and
/// reloads do not depend on the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostContext {
    /// The daemon's environment at start.
    pub environment: Environment,
    /// Network node name of the machine.
    pub node_name: String,
    /// Working directory at start.
    pub cwd: PathBuf,
}
