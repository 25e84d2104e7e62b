//! Namespaces that other programs serve: `[rpcinterface:x] url = ...` (ours, instead of the
//! original's Python extensions).
//!
//! A call of `x.anything` is forwarded to the other server under the same name, and its answer or
//! fault is passed on as it is. The other server decides whether there is such a method; what
//! cannot be a method's name is not forwarded. Each call has a connection of its own, so that
//! a call that takes long delays no other; a [`Directory`] keeps what the other server said about
//! its methods.

use std::collections::BTreeMap;
use std::fmt;
use std::net::ToSocketAddrs as _;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use visord_logs::workers::Workers;
use visord_model::fault::{Fault, FaultCode};
use visord_xmlrpc::http::{Address, Endpoint, ServerUrl};
use visord_xmlrpc::{AsyncClient, CallError, CallLimits, Value, WireFault};

use crate::clock;

/// Calls to one server at a time; more wait.
const MOST_CALLS: usize = 16;

/// How long a call may wait for its turn, and to connect.
const CONNECT: Duration = Duration::from_secs(5);

/// How long the other server may take to answer a call.
pub(crate) const ANSWER: Duration = Duration::from_secs(120);

const LIMITS: CallLimits = CallLimits {
    connect: CONNECT,
    answer: 16 * 1024 * 1024,
};

/// Longest method name, in bytes.
const LONGEST_NAME: usize = 128;

const NOT_FORWARDED: &str = "a namespace cannot be forwarded to https://";

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(30);

/// How long a server that gave none is not asked again.
const RETRY: Duration = Duration::from_secs(2);

/// Answers kept.
const MOST_ANSWERS: usize = 256;

/// All forwarded namespaces.
#[derive(Default)]
pub struct Remotes(BTreeMap<String, Arc<Remote>>);

/// One server that serves a namespace for us.
pub struct Remote {
    namespace: String,
    client: AsyncClient,
    workers: Workers,
    turns: Semaphore,
    directory: Directory,
}

impl Remotes {
    /// From pairs of a namespace and a URL; the workers look up names.
    ///
    /// # Errors
    /// The first URL that is none; the configuration has refused it before.
    pub fn new<'a>(
        servers: impl IntoIterator<Item = (&'a str, &'a str)>,
        workers: &Workers,
    ) -> Result<Self, &'static str> {
        let remote = |name, url| Remote::new(name, url, workers.clone()).map(Arc::new);
        let all = servers
            .into_iter()
            .map(|(name, url)| Ok((name.to_owned(), remote(name, url)?)));
        all.collect::<Result<_, _>>().map(Self)
    }

    /// The server for a method of this full name, if the name could be one of its methods.
    pub fn find(&self, method: &str) -> Option<Arc<Remote>> {
        let (namespace, name) = method.split_once('.')?;
        let remote = self.0.get(namespace)?;
        is_name(name).then(|| Arc::clone(remote))
    }

    /// The full names of all methods that are known or can be learned soon. Servers that do
    /// not answer have none.
    pub async fn listed(&self) -> Vec<String> {
        let asked = self.0.values().map(|remote| remote.methods());
        let lists = futures_util::future::join_all(asked).await;
        lists.into_iter().flatten().collect()
    }
}

/// Letters, digits and underscores, no leading underscore: never a path into objects.
fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl Remote {
    fn new(namespace: &str, url: &str, workers: Workers) -> Result<Self, &'static str> {
        let path = url
            .strip_prefix("http://")
            .and_then(|rest| rest.split(['?', '#']).next())
            .and_then(|rest| rest.split_once('/'))
            .map(|(_, path)| path)
            .filter(|path| !path.is_empty());
        let url = ServerUrl::parse(url)?;
        if matches!(url.address, Address::Tcp { tls: true, .. }) {
            return Err(NOT_FORWARDED);
        }
        let mut endpoint = Endpoint::new(url.address, url.login);
        if let Some(path) = path {
            endpoint.path = format!("/{path}");
        }
        Ok(Self {
            namespace: namespace.to_owned(),
            // only TLS could fail
            client: AsyncClient::new(endpoint, LIMITS).map_err(|_| NOT_FORWARDED)?,
            workers,
            turns: Semaphore::new(MOST_CALLS),
            directory: Directory::default(),
        })
    }

    async fn methods(&self) -> Vec<String> {
        let prefix = format!("{}.", self.namespace);
        let is_ours = |name: &str| name.strip_prefix(&prefix).is_some_and(is_name);
        let list = self.explain("system.listMethods", None).await;
        let Ok(Value::Array(names)) = list else {
            return Vec::new();
        };
        let names = names.iter().filter_map(Value::as_str);
        names
            .filter(|name| is_ours(name))
            .map(str::to_owned)
            .collect()
    }

    /// What the other server says about its methods: `system.listMethods`, or `methodHelp` and
    /// `methodSignature` of one. Remembered for a while.
    ///
    /// # Errors
    /// SIGNATURE_UNSUPPORTED if it has nothing to say, FAILED if it gave no answer.
    pub(crate) async fn explain(
        &self,
        question: &str,
        about: Option<&str>,
    ) -> Result<Value, Fault> {
        let key = format!("{question} {}", about.unwrap_or_default());
        if let Some(known) = self.directory.find(&key) {
            return known;
        }
        let params: Vec<Value> = about.map(Value::from).into_iter().collect();
        let answer = match self.call(question, &params, CONNECT).await {
            Ok(Ok((value, _))) => Ok(value),
            Ok(Err(_)) => Err(FaultCode::SignatureUnsupported.bare()),
            Err(fault) => Err(fault),
        };
        self.directory.keep(key, answer.clone());
        answer
    }

    /// Makes a call: the answer and its size in bytes, or the other server's fault.
    ///
    /// # Errors
    /// FAILED with the reason why there is no answer.
    pub(crate) async fn call(
        &self,
        method: &str,
        params: &[Value],
        patience: Duration,
    ) -> Result<Result<(Value, usize), WireFault>, Fault> {
        let Ok(Ok(_turn)) = timeout(CONNECT, self.turns.acquire()).await else {
            return Err(self.failed("too many calls are waiting for it"));
        };
        // tokio would start a thread to look up the name
        let resolve = async |host: String, port: u16| {
            let lookup = move || (host, port).to_socket_addrs().map(Vec::from_iter);
            self.workers.run(lookup).await?
        };
        match timeout(patience, self.client.call(method, params, resolve)).await {
            Ok(Ok(answer)) => Ok(Ok(answer)),
            Ok(Err(CallError::Fault(fault))) => Ok(Err(fault)),
            Ok(Err(error)) => Err(self.failed(error)),
            Err(_) => Err(self.failed(format_args!("no answer in {} s", patience.as_secs()))),
        }
    }

    fn failed(&self, why: impl fmt::Display) -> Fault {
        let text = format!("the server of namespace {}: {why}", self.namespace);
        FaultCode::Failed.about(text)
    }
}

/// What another server said about its methods, kept for a while.
#[derive(Debug, Default)]
struct Directory(Mutex<BTreeMap<String, Entry>>);

/// Until when it is kept, and what was said.
type Entry = (Instant, Result<Value, Fault>);

impl Directory {
    fn find(&self, key: &str) -> Option<Result<Value, Fault>> {
        let entries = self.0.lock();
        let (until, answer) = entries.get(key)?;
        (clock::instant() < *until).then(|| answer.clone())
    }

    fn keep(&self, key: String, answer: Result<Value, Fault>) {
        let now = clock::instant();
        let until = now + if answer.is_ok() { KEPT } else { RETRY };
        let mut entries = self.0.lock();
        if entries.len() >= MOST_ANSWERS {
            entries.retain(|_, (until, _)| now < *until);
        }
        if entries.len() < MOST_ANSWERS {
            entries.insert(key, (until, answer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounded() {
        let directory = Directory::default();
        for number in 0..2 * MOST_ANSWERS {
            directory.keep(number.to_string(), Ok(Value::Int(1)));
        }
        assert_eq!(directory.0.lock().len(), MOST_ANSWERS);
        assert!(directory.find("0").is_some());
        assert!(directory.find("nothing").is_none());
    }
}
