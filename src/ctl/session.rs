//! One user talking to one server: what every command works with.

use visord_config::Secret;
use visord_model::fault::FaultCode;
use visord_xmlrpc::http::{Identity, ServerUrl, Trust};
use visord_xmlrpc::{CallError, Client, Login, Value};

use super::exit_status::{ExitStatus, is};
use super::failure::Failure;
use super::json::{Json, Report};
use super::plugin::Plugins;
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
    /// Whom to trust about who an `https://` server is.
    pub trust: Trust,
    /// What to show to an `https://` server that asks who we are.
    pub identity: Option<Identity>,
}

impl Server {
    /// The URL as it may be shown: without the password in it.
    #[must_use]
    pub fn shown(&self) -> String {
        let url = self.url.expose();
        let secret = url.split_once("://").and_then(|(scheme, rest)| {
            let authority = rest.split('/').next()?;
            let (login, _) = authority.rsplit_once('@')?;
            let (name, _) = login.split_once(':')?;
            let rest = &rest[login.len()..];
            (scheme != "unix").then(|| format!("{scheme}://{name}:***{rest}"))
        });
        secret.unwrap_or_else(|| url.to_owned())
    }

    /// Whether a name to log in with was given, and no password for it.
    #[must_use]
    pub fn lacks_password(&self) -> bool {
        self.username.is_some() && self.password.is_none()
    }

    /// A client for it, not connected yet.
    ///
    /// # Errors
    /// The URL is none of `http://`, `https://` and `unix://`.
    pub fn client(&self) -> Result<Client, Failure> {
        let url = ServerUrl::parse(self.url.expose()).map_err(|_| Failure::UnknownProtocol)?;
        let login = self.login(&url);
        let client = Client::new(url.address, login.as_ref());
        let client = client.trusting(self.trust.clone());
        Ok(match &self.identity {
            Some(identity) => client.presenting(identity.clone()),
            None => client,
        })
    }

    /// The reachability check (spec interfaces 4.5).
    ///
    /// # Errors
    /// A failure that has no wording of its own.
    pub fn reach(&self) -> Result<Result<Client, Unreached>, Failure> {
        let mut client = self.client()?;
        let (status, message) = match client.call("supervisor.getVersion", &[]) {
            Ok(Value::Str(version)) if version == API_VERSION => return Ok(Ok(client)),
            Ok(version) => (ExitStatus::VersionMismatch, other_version(&version)),
            Err(CallError::Refused) => {
                let message = format!("{} refused connection", self.shown());
                (ExitStatus::Unreachable, message)
            }
            Err(CallError::NoSuchFile) => {
                let message = format!("{} no such file", self.shown());
                (ExitStatus::NotRunning, message)
            }
            Err(CallError::Fault(fault)) if is(FaultCode::UnknownMethod, fault.code) => {
                (ExitStatus::Stopped, NO_INTERFACE.to_owned())
            }
            Err(other) => return Err(other.into()),
        };
        Ok(Err(Unreached { status, message }))
    }

    /// Credentials of our own count only as a pair (spec interfaces 4.2); without them
    /// those written into the URL are used (decision Q40).
    fn login(&self, url: &ServerUrl) -> Option<Login> {
        let password = self.password.as_ref();
        let password = password.map(|password| password.expose().to_owned());
        let own = self.username.clone().zip(password);
        own.or_else(|| url.credentials.clone())
            .map(|(username, password)| Login { username, password })
    }
}

/// Why a server is none that commands could be given to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreached {
    /// What that means for the exit code.
    pub status: ExitStatus,
    /// The line for it.
    pub message: String,
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

/// Everything commands share: the server, the user's terminal and the outcome so far.
pub struct Session<'t> {
    /// Where calls go.
    pub server: Server,
    /// Where words come from and go to.
    pub terminal: &'t mut dyn Terminal,
    /// Ask before the daemon is ended or restarted.
    pub confirm: bool,
    /// The last failure; later successes do not reset it (spec interfaces 4.4).
    pub exit_status: ExitStatus,
    /// With `--json`: everything that was said, to be told in one document.
    pub report: Option<Report>,
    /// Commands that are programs of their own.
    pub plugins: Plugins,
}

impl<'t> Session<'t> {
    /// A session in which nothing has failed yet.
    pub fn new(server: Server, terminal: &'t mut dyn Terminal, confirm: bool) -> Self {
        Self {
            server,
            terminal,
            confirm,
            exit_status: ExitStatus::Success,
            report: None,
            plugins: Plugins::default(),
        }
    }

    /// Write a line (or several) to standard output.
    ///
    /// # Errors
    /// Standard output is gone.
    pub fn say(&mut self, line: &str) -> Result<(), Failure> {
        match &mut self.report {
            Some(report) => report.output.push(line.to_owned()),
            None => self.terminal.out(&format!("{line}\n"))?,
        }
        Ok(())
    }

    /// Write a line of a log to standard output, as the program wrote it.
    ///
    /// # Errors
    /// Standard output is gone.
    pub fn say_bytes(&mut self, line: &[u8]) -> Result<(), Failure> {
        match &mut self.report {
            Some(report) => {
                let line = String::from_utf8_lossy(line);
                report.output.push(line.into_owned());
            }
            None => {
                self.terminal.out_bytes(line)?;
                self.terminal.out("\n")?;
            }
        }
        Ok(())
    }

    /// Tell the result: `text` to a person, `json` to a program. Texts of several lines
    /// end with a line end.
    ///
    /// # Errors
    /// Standard output is gone.
    pub fn tell(&mut self, text: &str, json: impl FnOnce() -> Json) -> Result<(), Failure> {
        match &mut self.report {
            Some(report) => report.result = json(),
            None => self.terminal.out(text)?,
        }
        Ok(())
    }

    /// As [`Session::tell`], for a result that is a list and comes item by item.
    ///
    /// # Errors
    /// Standard output is gone.
    pub fn tell_item(&mut self, text: &str, json: impl FnOnce() -> Json) -> Result<(), Failure> {
        match &mut self.report {
            Some(report) => report.push(json()),
            None => self.terminal.out(text)?,
        }
        Ok(())
    }

    /// Write a line and take the failure into account.
    ///
    /// # Errors
    /// Standard output is gone.
    pub fn fail(&mut self, status: ExitStatus, line: &str) -> Result<(), Failure> {
        self.exit_status = status;
        match &mut self.report {
            Some(report) => report.errors.push(line.to_owned()),
            None => self.say(line)?,
        }
        Ok(())
    }

    /// Ask yes or no; only `y...` or `Y...` is yes (spec interfaces 4.6).
    ///
    /// # Errors
    /// The input ended, or standard output is gone.
    pub fn is_confirmed(&mut self, question: &str) -> Result<bool, Failure> {
        if !self.confirm {
            return Ok(true);
        }
        let answer = self.terminal.ask(question)?.ok_or(Failure::EndOfInput)?;
        Ok(answer.starts_with(['y', 'Y']))
    }

    /// A client for commands that say themselves what is wrong with the connection.
    ///
    /// # Errors
    /// The URL is none of `http://`, `https://` and `unix://`.
    pub fn client(&self) -> Result<Client, Failure> {
        self.server.client()
    }

    /// The reachability check (spec interfaces 4.5): a client for a supervisor that
    /// answered, or nothing after the reason was told.
    ///
    /// # Errors
    /// A failure that has no wording of its own.
    pub fn reach(&mut self) -> Result<Option<Client>, Failure> {
        match self.server.reach()? {
            Ok(client) => Ok(Some(client)),
            Err(Unreached { status, message }) => {
                self.fail(status, &message)?;
                if let Some(hint) = hint(status, self.server.url.expose()).filter(|_| !self.confirm)
                {
                    self.terminal.hint(&hint)?;
                }
                Ok(None)
            }
        }
    }
}

/// What a person may do about a server that is not there.
fn hint(status: ExitStatus, url: &str) -> Option<String> {
    const DEFAULT: &str = "http://localhost:9001";
    match status {
        ExitStatus::Unreachable if url == DEFAULT => Some(
            "no serverurl was found in a configuration file; -c names the file, -s the server"
                .to_owned(),
        ),
        ExitStatus::Unreachable if url.starts_with("unix://") => {
            Some("nobody listens at this file; is supervisord running?".to_owned())
        }
        ExitStatus::Unreachable => Some(
            "nobody listens there; is supervisord running, with a port in [inet_http_server]?"
                .to_owned(),
        ),
        ExitStatus::NotRunning => Some(
            "supervisord makes this file when it starts; is it running, with the same file in \
             [unix_http_server]?"
                .to_owned(),
        ),
        ExitStatus::Success
        | ExitStatus::Generic
        | ExitStatus::InvalidArguments
        | ExitStatus::Stopped
        | ExitStatus::VersionMismatch
        | ExitStatus::TimedOut
        | ExitStatus::Interrupted => None,
    }
}

const NO_INTERFACE: &str = "Sorry, supervisord responded but did not recognize the supervisor \
    namespace commands that supervisorctl uses to control it.  Please check that the \
    [rpcinterface:supervisor] section is enabled in the configuration file (see sample.conf).";

fn other_version(version: &Value) -> String {
    let version = match version {
        Value::Str(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Nil
        | Value::Bool(_)
        | Value::Base64(_)
        | Value::DateTime(_)
        | Value::Array(_)
        | Value::Struct(_) => "not known".to_owned(),
    };
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
}
