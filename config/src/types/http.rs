//! HTTP servers and what they serve (spec core 1.13, 1.14).

use std::path::PathBuf;

use super::ListenAddress;
use crate::secret::Secret;

/// One `[inet_http_server]` or `[unix_http_server]` section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpConfig {
    /// Name of the section, for messages.
    pub section: String,
    /// Where it listens.
    pub address: ListenAddress,
    /// Who may use it, each name once: the user of its `username`, who may do everything, then those
    /// `[web_user:x]` (visord only), in file order. Empty: every client may.
    pub users: Vec<WebUser>,
    /// `allowed_hosts` (visord only, difference Q25): further `Host` names, lower-cased.
    pub allowed_hosts: Vec<String>,
    /// `max_body` (visord only): the longest request body, in bytes, at least 1.
    pub max_body: usize,
    /// `tls_cert` and its like (visord only): speak TLS. Only on inet servers.
    pub tls: Option<TlsConfig>,
}

/// The files of a TLS server, PEM, absolute (visord only). They are read when the server starts and
/// again on SIGUSR2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsConfig {
    /// `tls_cert`: the certificate and those between it and its authority.
    pub cert: PathBuf,
    /// `tls_key`: its private key.
    pub key: PathBuf,
    /// `tls_client_ca`: clients must present a certificate of these authorities.
    pub client_ca: Option<PathBuf>,
}

/// A user of an HTTP server: its own, or a `[web_user:NAME]` (visord only).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebUser {
    /// Not empty; that of a `[web_user:NAME]` has no colon.
    pub name: String,
    /// Not empty. Plain, or `{SHA}` and the hex digest, or (visord only) `{ARGON2}` and a PHC string.
    pub password: Secret,
    /// What they may do.
    pub role: Role,
}

/// `role` of a `[web_user:x]`; `docs/rpc.md` lists what each may do. Each role includes those
/// before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// See states and logs.
    View,
    /// Start, stop, signal and feed processes, empty their logs, and see how they are configured:
    /// command lines may hold secrets.
    Operate,
    /// Change what is supervised, end or restart the daemon.
    Admin,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 3] = [Self::View, Self::Operate, Self::Admin];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }
}

/// One `[rpcinterface:x]` section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcInterfaceConfig {
    /// The namespace x.
    pub name: String,
    /// `url` (visord only): `unix:///path` or `http://[user:password@]host[:port][/path]` of another
    /// XML-RPC server that serves it, checked. `None`: the built-in methods do, those of
    /// `supervisor.rpcinterface:make_main_rpcinterface`.
    pub url: Option<Secret>,
}
