//! What every command works with: the server, the terminal, the outcome so far.
//!
//! Commands print through [`Session`] only, so that `--json` can collect everything instead.

use std::mem;
use std::ops::Range;
use std::path::PathBuf;

pub use serde_json::{Value as Json, json};
use visord_config::Secret;
use visord_model::fault::FaultCode;
use visord_xmlrpc::http::{ClientCertificate, Endpoint, ServerUrl};
use visord_xmlrpc::{CallError, Client, Login, Value};

use super::failure::{ExitStatus, Failure, Result, is};
use super::plugin::Plugins;
use super::process::simple_text;
use super::terminal::Terminal;

/// The version of the RPC interface that we speak.
const API_VERSION: &str = "3.0";

/// Where the server is and how to log in there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// As the user wrote it.
    pub url: Secret,
    /// Name for Basic authentication.
    pub username: Option<String>,
    /// Password for Basic authentication.
    pub password: Option<Secret>,
    /// Authorities to trust about who an `https://` server is, instead of the system's: a PEM file.
    pub trust: Option<PathBuf>,
    /// What to show to an `https://` server that asks who we are.
    pub identity: Option<ClientCertificate>,
}

impl Server {
    /// The URL as it may be shown: without the password in it.
    pub fn shown(&self) -> String {
        let mut url = self.url.expose().to_owned();
        if let Some(password) = password_in(&url) {
            url.replace_range(password, "***");
        }
        url
    }

    /// Whether a name to log in with was given, and no password for it.
    pub fn lacks_password(&self) -> bool {
        self.username.is_some() && self.password.is_none()
    }

    /// A client for it, not connected yet. Fails if the URL is none of `http://`, `https://` and
    /// `unix://`.
    pub fn client(&self) -> Result<Client> {
        let url = ServerUrl::parse(self.url.expose()).map_err(|_| {
            let url = self.shown();
            let advice = "it must begin with http:// or unix://";
            let text = format!("Unknown protocol for serverurl {url}: {advice}");
            Failure::Exception("ValueError", text)
        })?;
        // credentials of our own count only as a pair (spec interfaces 4.2); without them those
        // written into the URL are used (difference Q40)
        let password = self.password.as_ref().map(|it| it.expose().to_owned());
        let own = self.username.clone().zip(password);
        let own = own.map(|(username, password)| Login { username, password });
        let login = own.or(url.login);
        Ok(Client::new(Endpoint {
            trust: self.trust.clone(),
            identity: self.identity.clone(),
            ..Endpoint::new(url.address, login)
        }))
    }

    /// The reachability check (spec interfaces 4.5): a client for a supervisor that answered. Other
    /// failures than [`Failure::Unreached`] have no wording of their own.
    pub fn reach(&self) -> Result<Client> {
        let mut client = self.client()?;
        let (status, message, hint) = match client.call("supervisor.getVersion", &[]) {
            Ok(Value::Str(version)) if version == API_VERSION => return Ok(client),
            Ok(version) => (ExitStatus::VERSION_MISMATCH, other_version(&version), None),
            Err(CallError::Refused) => {
                let message = format!("{} refused connection", self.shown());
                (ExitStatus::UNREACHABLE, message, Some(self.refusal_hint()))
            }
            Err(CallError::NoSuchFile) => {
                let message = format!("{} no such file", self.shown());
                (ExitStatus::NOT_RUNNING, message, Some(NO_SOCKET))
            }
            Err(CallError::Fault(fault)) if is(FaultCode::UnknownMethod, fault.code) => {
                (ExitStatus::STOPPED, NO_INTERFACE.to_owned(), None)
            }
            Err(other) => return Err(other.into()),
        };
        Err(Failure::Unreached(status, message, hint))
    }

    /// What the user may do about a server that refuses connections.
    pub fn refusal_hint(&self) -> &'static str {
        let url = self.url.expose();
        if url == "http://localhost:9001" {
            "no serverurl configured; use -c FILE or -s URL"
        } else if url.starts_with("unix://") {
            "nothing is listening on this socket. Is supervisord running?"
        } else {
            "nothing is listening on that address. Is supervisord running, and does \
             [inet_http_server] use this port?"
        }
    }
}

/// Where the password of `scheme://user:password@host` is.
pub fn password_in(url: &str) -> Option<Range<usize>> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let (login, _) = authority.rsplit_once('@')?;
    let (name, password) = login.split_once(':')?;
    let start = scheme.len() + "://".len() + name.len() + 1;
    (scheme != "unix").then(|| start..start + password.len())
}

/// What a command did to the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a shell that ignores Leave never ends"]
pub enum Flow {
    /// The next command, if there is one.
    Continue,
    /// The user wants to leave.
    Leave,
}

/// With `--json`: the output of a command so far, to become one document for programs to read. The
/// form is described in `docs/supervisorctl.md`; members are only ever added to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// What the command is for, in a form of its own.
    pub result: Json,
    /// Lines it would have shown.
    pub output: Vec<String>,
    /// Lines that report failures.
    pub errors: Vec<String>,
    /// The command wrote its own documents; there is nothing left to write.
    pub is_told: bool,
}

impl Report {
    /// Add an item to the result, which becomes a list.
    pub fn push(&mut self, item: Json) {
        if let Json::Array(items) = &mut self.result {
            items.push(item);
        } else {
            self.result = json!([item]);
        }
    }

    /// The document for everything since the last one.
    pub fn take_document(&mut self, command: &str, exit_status: u8) -> Json {
        let report = mem::take(self);
        json!({
            "command": command,
            "exit_status": exit_status,
            "result": report.result,
            "output": report.output,
            "errors": report.errors,
        })
    }
}

/// Everything commands share: the server, the user's terminal and the outcome so far. What prints
/// fails only if standard output is gone; what asks, also at the end of the input.
pub struct Session {
    /// Where calls go.
    pub server: Server,
    /// The user's terminal.
    pub terminal: Terminal,
    /// Ask before the daemon is ended or restarted.
    pub confirm: bool,
    /// The last failure; later successes do not reset it (spec interfaces 4.4).
    pub exit_status: ExitStatus,
    /// With `--json`: everything to be printed in one document.
    pub report: Option<Report>,
    /// Commands that are separate programs.
    pub plugins: Plugins,
    /// `help` and TAB show the commands for Supvisors: it was asked for them, or the server has
    /// turned out to have it.
    pub has_cluster: bool,
}

impl Session {
    /// Write a line (or several) to standard output.
    pub fn say(&mut self, line: &str) -> Result {
        match &mut self.report {
            Some(report) => report.output.push(line.to_owned()),
            None => self.terminal.out(&format!("{line}\n"))?,
        }
        Ok(())
    }

    /// Write a line of a log to standard output, as the program wrote it.
    pub fn say_bytes(&mut self, line: &[u8]) -> Result {
        if self.report.is_some() {
            return self.say(&String::from_utf8_lossy(line));
        }
        self.terminal.out_bytes(line)?;
        Ok(self.terminal.out("\n")?)
    }

    /// Print the result: `text`, or `json` with `--json`. A text ends with a line end.
    pub fn tell(&mut self, text: &str, json: impl FnOnce() -> Json) -> Result {
        match &mut self.report {
            Some(report) => report.result = json(),
            None => self.terminal.out(text)?,
        }
        Ok(())
    }

    /// As [`Session::tell`], for a result that is a list and comes item by item.
    pub fn tell_item(&mut self, text: &str, json: impl FnOnce() -> Json) -> Result {
        match &mut self.report {
            Some(report) => report.push(json()),
            None => self.terminal.out(text)?,
        }
        Ok(())
    }

    /// Write a line and take the failure into account.
    pub fn fail(&mut self, status: ExitStatus, line: &str) -> Result {
        self.exit_status = status;
        match &mut self.report {
            Some(report) => report.errors.push(line.to_owned()),
            None => self.say(line)?,
        }
        Ok(())
    }

    /// As [`Session::fail`], for each of these lines.
    pub fn fail_all(&mut self, status: ExitStatus, lines: &[String]) -> Result {
        lines.iter().try_for_each(|line| self.fail(status, line))
    }

    /// Ask yes or no; only `y...` or `Y...` is yes (spec interfaces 4.6).
    pub fn is_confirmed(&mut self, question: &str) -> Result<bool> {
        if !self.confirm {
            return Ok(true);
        }
        let answer = self
            .terminal
            .ask(question)?
            .ok_or_else(Failure::end_of_input)?;
        Ok(answer.starts_with(['y', 'Y']))
    }
}

/// What the user may do about a socket that does not exist.
pub const NO_SOCKET: &str = "supervisord creates this socket when it starts. Is it running, with the \
    same file in [unix_http_server]?";

const NO_INTERFACE: &str = "Sorry, supervisord responded but did not recognize the supervisor \
    namespace commands that supervisorctl uses to control it.  Please check that the \
    [rpcinterface:supervisor] section is enabled in the configuration file (see sample.conf).";

fn other_version(version: &Value) -> String {
    let version = simple_text(version).unwrap_or_else(|| "not known".to_owned());
    format!(
        "Sorry, this version of supervisorctl expects to talk to a server with API version \
         {API_VERSION}, but the remote version is {version}."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        for (url, shown) in [
            ("http://me:a:b@h:1/x", "http://me:***@h:1/x"),
            ("https://me:p@[::1]:1", "https://me:***@[::1]:1"),
            ("http://me@h:1", "http://me@h:1"),
            ("http://h:1/a:b@c", "http://h:1/a:b@c"),
            ("unix:///a:b@c", "unix:///a:b@c"),
            ("a:b", "a:b"),
        ] {
            let server = Server {
                url: url.into(),
                ..Server::default()
            };
            assert_eq!(server.shown(), shown);
        }
    }

    #[test]
    fn documents() {
        let mut report = Report::default();
        for item in [Json::Null, json!(true), json!("a\"\\\n\u{1}ä")] {
            report.push(item);
        }
        report.output.push("x".to_owned());
        assert_eq!(
            report.take_document("status", 3).to_string(),
            "{\"command\":\"status\",\"errors\":[],\"exit_status\":3,\"output\":[\"x\"],\
             \"result\":[null,true,\"a\\\"\\\\\\n\\u0001ä\"]}"
        );
        assert_eq!(report, Report::default(), "the next one is empty");
    }
}
