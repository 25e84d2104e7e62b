//! `[rpcinterface:supvisors]`: this supervisord is an instance of a cluster.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use visord_cluster::options::Options;
use visord_model::log_line::Level;

/// The options of an instance (spec cluster 1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupvisorsConfig {
    /// Begins each line of the activity log and the pages; may be empty.
    pub software_name: String,
    /// A picture for the pages.
    pub software_icon: Option<PathBuf>,
    /// The instances of the initial list, as written, without doubles; none: only this one.
    pub instances: Vec<InstanceItem>,
    /// Where instances announce themselves.
    pub multicast: Option<Multicast>,
    /// What the rules of the cluster depend on.
    pub options: Options,
    /// Rules files that exist, absolute, sorted; `None`: none are asked for.
    pub rules_files: Option<Vec<PathBuf>>,
    /// Style sheets for the pages, absolute, sorted.
    pub css_files: Vec<PathBuf>,
    /// How events are published.
    pub event_link: EventLink,
    /// TCP port of the event link; `None`: the one after the HTTP port.
    pub event_port: Option<u16>,
    /// Where it is kept which programs are disabled.
    pub disabilities_file: Option<PathBuf>,
    /// What is measured.
    pub statistics: StatisticsConfig,
    /// Bytes of a log that its page shows.
    pub tail_limit: u64,
    /// Bytes of a log with which its stream begins.
    pub tailf_limit: u64,
    /// A log of its own; `None`: the activity log.
    pub log: Option<SupvisorsLog>,
}

/// An instance as `supvisors_list` names it (spec cluster 1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceItem {
    /// As written.
    pub text: String,
    /// Its nick, if it has one that means something.
    pub nick: Option<String>,
    /// Name or address.
    pub host: String,
    /// TCP port; `None`: as the local HTTP server.
    pub port: Option<u16>,
}

/// A multicast group (spec cluster 1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multicast {
    /// 224.0.0.0 to 239.255.255.255, without the reserved ones.
    pub group: Ipv4Addr,
    /// UDP port.
    pub port: u16,
    /// Address of the interface that receives; `None`: any.
    pub interface: Option<Ipv4Addr>,
    /// How many routers a datagram may pass, 0 to 255.
    pub ttl: u8,
}

/// How events of the cluster are published (spec cluster 9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventLink {
    /// Not at all.
    None,
    /// By a ZeroMQ PUB socket.
    Zmq,
    /// By WebSockets.
    WebSocket,
}

/// What is measured, and how it is kept (spec cluster 12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatisticsConfig {
    /// Measure the machine.
    pub host: bool,
    /// Measure processes.
    pub processes: bool,
    /// Time between two samples, 1 s to 3,600 s.
    pub period: Duration,
    /// Time that each figure covers, 1 s to 3,600 s; one to three, ascending.
    pub periods: Vec<Duration>,
    /// Figures kept of each kind, 10 to 1,500.
    pub history: u32,
    /// Show CPU as percent of one processor, not of all.
    pub irix_mode: bool,
}

/// A log for the messages of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupvisorsLog {
    /// Absolute; `None` if `logfile` is NONE.
    pub path: Option<PathBuf>,
    /// Rotate at this many bytes; 0 never.
    pub maxbytes: i64,
    /// Rotated files kept.
    pub backups: i64,
    /// Least important level written.
    pub level: Level,
}
