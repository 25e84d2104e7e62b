//! Where a server is, how both sides prove who they are, and what a request to it looks like.

use std::fmt;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::Address;
use crate::encode_call;
use crate::value::Value;

/// Where every supervisor takes calls.
const RPC_PATH: &str = "/RPC2";

/// Name and password for Basic authentication.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// May be empty; must not contain a colon to be understood.
    pub username: String,
    /// May be empty and may contain colons.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// What a client shows to a TLS server that wants to know who it is: PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// Its certificate and those between it and its authority.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// A server, as both clients need to know it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Where it listens.
    pub address: Address,
    /// Path of its RPC interface, percent-encoded.
    pub path: String,
    /// Sent with every request.
    pub login: Option<Login>,
    /// A PEM file of the only authorities that may say who an `https://` server is; `None`: those
    /// that the system trusts may.
    pub trust: Option<PathBuf>,
    /// For `https://` servers that ask for a certificate.
    pub identity: Option<ClientCertificate>,
}

impl Endpoint {
    /// A supervisor at this address.
    pub fn new(address: Address, login: Option<Login>) -> Self {
        Self {
            address,
            path: RPC_PATH.to_owned(),
            login,
            trust: None,
            identity: None,
        }
    }

    pub(crate) fn call(&self, headers: &str, method: &str, params: &[Value]) -> Vec<u8> {
        let body = encode_call(method, params);
        let headers = format!(
            "{headers}Content-Type: text/xml\r\n{}Content-Length: {}\r\n",
            self.authorization(),
            body.len()
        );
        self.request("POST", &self.path, &headers, &body)
    }

    /// The bytes of a request for what is at a path, which is percent-encoded.
    pub(crate) fn get(&self, headers: &str, path: &str) -> Vec<u8> {
        let headers = format!("{headers}{}", self.authorization());
        self.request("GET", path, &headers, "")
    }

    /// In one piece, so that the server sees it whole.
    fn request(&self, verb: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
        let host = self.address.host_header();
        format!("{verb} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n{body}").into_bytes()
    }

    fn authorization(&self) -> String {
        let Some(Login { username, password }) = &self.login else {
            return String::new();
        };
        let login = BASE64.encode(format!("{username}:{password}"));
        format!("Authorization: Basic {login}\r\n")
    }
}
