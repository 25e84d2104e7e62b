//! The faults of the RPC interface: codes, names, texts (spec interfaces 3.1).

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use crate::coded::coded;
use crate::name::ProcessName;

coded! {
    /// Every fault the daemon itself raises.
    FaultCode {
        /// No such method.
        UnknownMethod = 1, "UNKNOWN_METHOD";
        /// Wrong number or kind of parameters.
        IncorrectParameters = 2, "INCORRECT_PARAMETERS";
        /// Parameters out of range.
        BadArguments = 3, "BAD_ARGUMENTS";
        /// No signature or help for that method.
        SignatureUnsupported = 4, "SIGNATURE_UNSUPPORTED";
        /// The daemon is shutting down or restarting.
        ShutdownState = 6, "SHUTDOWN_STATE";
        /// No such process or group.
        BadName = 10, "BAD_NAME";
        /// No such signal.
        BadSignal = 11, "BAD_SIGNAL";
        /// File not found.
        NoFile = 20, "NO_FILE";
        /// The command cannot be executed.
        NotExecutable = 21, "NOT_EXECUTABLE";
        /// Something else went wrong.
        Failed = 30, "FAILED";
        /// Left STARTING for something other than RUNNING.
        AbnormalTermination = 40, "ABNORMAL_TERMINATION";
        /// Could not be spawned, or exited too quickly.
        SpawnError = 50, "SPAWN_ERROR";
        /// Already STARTING, RUNNING or in BACKOFF.
        AlreadyStarted = 60, "ALREADY_STARTED";
        /// Not running.
        NotRunning = 70, "NOT_RUNNING";
        /// Only as `status` of a bulk result.
        Success = 80, "SUCCESS";
        /// The group is active already.
        AlreadyAdded = 90, "ALREADY_ADDED";
        /// The group still has running processes.
        StillRunning = 91, "STILL_RUNNING";
        /// The configuration could not be re-read.
        CantReread = 92, "CANT_REREAD";
        /// Supvisors cannot do it with its configuration.
        SupvisorsConfError = 100, "SUPVISORS_CONF_ERROR";
        /// The state of Supvisors does not allow it.
        BadSupvisorsState = 101, "BAD_SUPVISORS_STATE";
        /// The rules files have no element for that application.
        NotManaged = 102, "NOT_MANAGED";
        /// The program is disabled.
        Disabled = 103, "DISABLED";
        /// The program or the options do not support it.
        NotApplicable = 104, "NOT_APPLICABLE";
        /// What it needs is not installed.
        NotInstalled = 105, "NOT_INSTALLED";
        /// The caller's role does not allow it (ours; far from the original's numbers, so that
        /// none it may still get means this).
        NotAllowed = 403, "NOT_ALLOWED";
    }
}

impl FaultCode {
    /// A fault of this code without a subject.
    #[must_use]
    pub const fn bare(self) -> Fault {
        Fault {
            code: self,
            about: None,
        }
    }

    /// A fault of this code about something.
    #[must_use]
    pub fn about(self, subject: impl Into<Subject>) -> Fault {
        Fault {
            code: self,
            about: Some(subject.into()),
        }
    }

    /// A fault of this code about a group.
    #[must_use]
    pub fn about_group(self, name: &str) -> Fault {
        self.about(Subject::Group(name.into()))
    }
}

/// What a fault is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A process. Clients see it as they spelled it (spec interfaces 3.1, N5).
    Process(ProcessName),
    /// A group. Clients see it as they spelled it.
    Group(Arc<str>),
    /// A reason, or something else that a client named.
    Text(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(name) => name.fmt(f),
            Self::Group(name) => f.write_str(name),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<&ProcessName> for Subject {
    fn from(name: &ProcessName) -> Self {
        Self::Process(name.clone())
    }
}

impl From<String> for Subject {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Subject {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

/// A refusal that reaches the client as an XML-RPC fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which fault.
    pub code: FaultCode,
    /// What it is about, if anything.
    pub about: Option<Subject>,
}

impl Fault {
    /// The same fault; a process or group that it is about is spelled as in the request.
    #[must_use]
    pub fn spelled(self, given: &str) -> Self {
        match self.about {
            Some(Subject::Process(_) | Subject::Group(_)) => self.code.about(given),
            Some(Subject::Text(_)) | None => self,
        }
    }
}

impl fmt::Display for Fault {
    /// `NAME` or `NAME: subject`, the fault string on the wire.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.name())?;
        match &self.about {
            Some(subject) => write!(f, ": {subject}"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for Fault {}
