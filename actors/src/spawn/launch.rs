//! A plan in the form a child can use without allocating: made on the spawner thread, read
//! between clone and exec.

use std::ffi::{CString, OsStr};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::ptr;

use libc::{c_char, mode_t, rlimit};
use nix::fcntl::{FcntlArg, fcntl};

use super::account::{Credentials, credentials};
use super::plan::SpawnPlan;
use super::{ChildEnds, SpawnError};

/// Everything the child needs.
pub(super) struct Launch {
    /// The file to execute.
    pub(super) path: CString,
    pub(super) argv: Strings,
    pub(super) environment: Strings,
    pub(super) directory: Option<CString>,
    pub(super) umask: Option<mode_t>,
    pub(super) credentials: Credentials,
    /// Limit on descriptors to go back to; `None`: the daemon's.
    pub(super) descriptors: Option<rlimit>,
    pub(super) stdio: Stdio,
    pub(super) texts: Texts,
}

/// A null-terminated array of C strings.
pub(super) struct Strings {
    pointers: Vec<*const c_char>,
    // the pointers point into these
    _owned: Vec<CString>,
}

impl Strings {
    fn new(owned: Vec<CString>) -> Self {
        let pointers = owned
            .iter()
            .map(|string| string.as_ptr())
            .chain([ptr::null()])
            .collect();
        Self {
            pointers,
            _owned: owned,
        }
    }

    /// For exec.
    pub(super) fn as_ptr(&self) -> *const *const c_char {
        self.pointers.as_ptr()
    }
}

/// The child's three descriptors, all above 2 so that putting one in place never overwrites
/// another that is still needed.
pub(super) struct Stdio {
    stdin: OwnedFd,
    stdout: OwnedFd,
    stderr: Option<OwnedFd>,
}

impl Stdio {
    fn new(ends: ChildEnds) -> io::Result<Self> {
        Ok(Self {
            stdin: above_stdio(ends.stdin)?,
            stdout: above_stdio(ends.stdout)?,
            stderr: ends.stderr.map(above_stdio).transpose()?,
        })
    }

    /// What becomes of descriptors 0, 1 and 2.
    pub(super) fn sources(&self) -> [RawFd; 3] {
        let stdout = self.stdout.as_raw_fd();
        let stderr = self.stderr.as_ref().map_or(stdout, AsRawFd::as_raw_fd);
        [self.stdin.as_raw_fd(), stdout, stderr]
    }
}

/// A daemon started with one of 0, 1, 2 closed may have got it for a pipe.
fn above_stdio(fd: OwnedFd) -> io::Result<OwnedFd> {
    if fd.as_raw_fd() > 2 {
        return Ok(fd);
    }
    let raw = fcntl(&fd, FcntlArg::F_DUPFD_CLOEXEC(3))?;
    Ok(super::descriptor::own(raw))
}

/// The beginnings of what a child says when it cannot become the program (spec core 4.5).
pub(super) struct Texts {
    pub(super) setuid: Vec<u8>,
    pub(super) chdir: Vec<u8>,
    pub(super) exec: Vec<u8>,
}

impl Launch {
    /// Look up the account and lay everything out. Fails on NUL bytes, and if descriptors run out.
    pub(super) fn prepare(
        plan: SpawnPlan,
        descriptors: Option<rlimit>,
    ) -> Result<Self, SpawnError> {
        let credentials = credentials(plan.user);
        let texts = Texts::new(&plan);
        let argv = plan.command.argv.iter();
        let argv = argv.map(|word| c_string(OsStr::new(word), "command"));
        let environment = plan.environment.iter().map(|(name, value)| {
            let entry = [name.as_bytes(), b"=", value.as_bytes()].concat();
            c_string(OsStr::from_bytes(&entry), "environment")
        });
        let directory = plan.directory.as_ref();
        let directory = directory.map(|path| c_string(path.as_os_str(), "directory"));
        Ok(Self {
            path: c_string(plan.command.path.as_os_str(), "command")?,
            argv: Strings::new(argv.collect::<Result<_, _>>()?),
            environment: Strings::new(environment.collect::<Result<_, _>>()?),
            directory: directory.transpose()?,
            umask: plan.umask,
            credentials,
            descriptors,
            stdio: Stdio::new(plan.ends)
                .map_err(|error| SpawnError::dispatchers(&plan.name, &error))?,
            texts,
        })
    }
}

impl Texts {
    fn new(plan: &SpawnPlan) -> Self {
        let about = |doing: &str, what: &OsStr| {
            let doing = format!("supervisor: couldn't {doing} ");
            [doing.as_bytes(), what.as_bytes(), b": "].concat()
        };
        let uid = plan.user.map(|uid| uid.to_string()).unwrap_or_default();
        let directory = plan.directory.as_ref().map(|path| path.as_os_str());
        let word = plan.command.argv.first().map_or("", String::as_str);
        Self {
            setuid: about("setuid to", OsStr::new(&uid)),
            chdir: about("chdir to", directory.unwrap_or_default()),
            exec: about("exec", OsStr::new(word)),
        }
    }
}

fn c_string(text: &OsStr, what: &str) -> Result<CString, SpawnError> {
    CString::new(text.as_bytes()).map_err(|_| SpawnError::Nul {
        what: what.to_owned(),
    })
}
