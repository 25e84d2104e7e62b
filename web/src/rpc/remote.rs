//! Namespaces that other programs serve: `[rpcinterface:x] url = ...` (ours; it stands in for
//! the original's Python extensions).
//!
//! `x.anything` goes to the other server under the same name, and its answer or fault comes
//! back as it is. Whether there is such a method is the other server's business; what could not
//! be a method's name never leaves. [`connect`] makes one connection per call, so that a call
//! that takes long holds up nobody; [`directory`] is what is known of the other's methods.

mod connect;
mod directory;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;
use visord_actors::workers::Workers;
use visord_model::fault::FaultCode;
use visord_xmlrpc::http::{Address, NotAnAddress, ServerUrl};
use visord_xmlrpc::{CallError, Value};

use super::method::{Args, Failure, Reply};
use directory::Directory;

/// Calls to one server at a time; more wait.
const AT_ONCE: usize = 16;

/// How long a call may wait for its turn, and to connect.
const SOON: Duration = Duration::from_secs(5);

/// How long the other server may take to answer a call.
const ANSWER: Duration = Duration::from_secs(120);

/// Longest method name, in bytes.
const NAME: usize = 128;

/// All forwarded namespaces.
#[derive(Debug, Default)]
pub struct Remotes(BTreeMap<String, Remote>);

/// One server that serves a namespace for us.
#[derive(Debug)]
pub struct Remote {
    namespace: String,
    url: ServerUrl,
    path: String,
    turns: Semaphore,
    directory: Directory,
}

impl Remotes {
    /// From pairs of a namespace and a URL.
    ///
    /// # Errors
    /// The first URL that is none; the configuration has refused it before.
    pub fn new<'a>(
        servers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, NotAnAddress> {
        let all = servers
            .into_iter()
            .map(|(name, url)| Ok((name.to_owned(), Remote::new(name, url)?)));
        Ok(Self(all.collect::<Result<_, NotAnAddress>>()?))
    }

    /// The server for a method of this full name, if the name could be one of its methods.
    #[must_use]
    pub fn of(&self, method: &str) -> Option<&Remote> {
        let (namespace, name) = method.split_once('.')?;
        let remote = self.0.get(namespace)?;
        is_name(name).then_some(remote)
    }

    /// The full names of all methods that are known or can be learned soon. Servers that do
    /// not answer have none.
    pub async fn listed(&self, workers: &Workers) -> Vec<String> {
        let asked = self.0.values().map(|remote| remote.methods(workers));
        let lists = futures_util::future::join_all(asked).await;
        lists.into_iter().flatten().collect()
    }
}

/// A word: letters, digits, underscores; no leading underscore, nothing to climb about with.
fn is_name(name: &str) -> bool {
    (1..=NAME).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl Remote {
    fn new(namespace: &str, url: &str) -> Result<Self, NotAnAddress> {
        let path = url
            .strip_prefix("http://")
            .and_then(|rest| rest.split(['?', '#']).next())
            .and_then(|rest| rest.split_once('/'))
            .map(|(_, path)| path)
            .filter(|path| !path.is_empty());
        Ok(Self {
            namespace: namespace.to_owned(),
            url: match ServerUrl::parse(url)? {
                url if matches!(url.address, Address::Tls { .. }) => {
                    return Err(NotAnAddress::Scheme);
                }
                url => url,
            },
            path: format!("/{}", path.unwrap_or("RPC2")),
            turns: Semaphore::new(AT_ONCE),
            directory: Directory::default(),
        })
    }

    /// Pass a call on.
    ///
    /// # Errors
    /// The other server's fault, or FAILED with the reason why it gave no answer.
    pub async fn forward(
        &self,
        method: &str,
        args: &Args,
        workers: &Workers,
    ) -> Result<Reply, Failure> {
        let (value, size) = self.call(method, &args.0, ANSWER, workers).await?;
        Ok(Reply::sized(value, size))
    }

    async fn methods(&self, workers: &Workers) -> Vec<String> {
        let prefix = format!("{}.", self.namespace);
        let is_ours = |name: &str| name.strip_prefix(&prefix).is_some_and(is_name);
        let list = self.explain("system.listMethods", None, workers).await;
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
    /// As of [`Remote::forward`].
    pub async fn explain(
        &self,
        question: &str,
        about: Option<&str>,
        workers: &Workers,
    ) -> Result<Value, Failure> {
        let key = format!("{question} {}", about.unwrap_or_default());
        if let Some(known) = self.directory.known(&key) {
            return known;
        }
        let params: Vec<Value> = about.map(Value::from).into_iter().collect();
        let answer = self.call(question, &params, SOON, workers).await;
        let answer = answer.map(|(value, _)| value);
        self.directory.learn(key, answer.clone());
        answer
    }

    /// The answer and its size in bytes.
    async fn call(
        &self,
        method: &str,
        params: &[Value],
        patience: Duration,
        workers: &Workers,
    ) -> Result<(Value, usize), Failure> {
        let turn = timeout(SOON, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            return Err(self.silent(&"too many calls are waiting for it"));
        };
        match timeout(patience, connect::call(self, method, params, workers)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(CallError::Fault(fault))) => Err(Failure::Foreign(fault)),
            Ok(Err(other)) => Err(self.silent(&other)),
            Err(_) => Err(self.silent(&format_args!("no answer in {} s", patience.as_secs()))),
        }
    }

    fn silent(&self, why: &dyn fmt::Display) -> Failure {
        let text = format!("the server of namespace {}: {why}", self.namespace);
        FaultCode::Failed.about(text).into()
    }
}
