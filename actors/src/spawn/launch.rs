//! A plan in the form a child can use without allocating: made on the spawner thread, read
//! between clone and exec.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::ptr;
use std::sync::Arc;

use libc::c_char;

use super::account::identity;
use super::child::argument;
use super::plan::SpawnPlan;
use super::spawner::Limit;
use super::{ChildEnds, SpawnError};

pub(super) struct Launch {
    /// What to do (`child.rs`), and the program's own arguments.
    pub(super) arguments: Strings<CString>,
    pub(super) environment: Strings<Arc<CStr>>,
    pub(super) stdio: ChildEnds,
}

/// A null-terminated array of C strings.
pub(super) struct Strings<T> {
    pointers: Vec<*const c_char>,
    // the pointers point into these
    _owned: Vec<T>,
}

// SAFETY: the pointers point to what the strings own, which moves along and is only read.
unsafe impl<T: Send> Send for Strings<T> {}

impl<T: AsRef<CStr>> Strings<T> {
    fn new(owned: Vec<T>) -> Self {
        let pointers = owned
            .iter()
            .map(|string| string.as_ref().as_ptr())
            .chain([ptr::null()])
            .collect();
        Self {
            pointers,
            _owned: owned,
        }
    }

    pub(super) fn as_ptr(&self) -> *const *const c_char {
        self.pointers.as_ptr()
    }
}

impl Launch {
    /// Look up the account and lay everything out. `limit`: soft and hard limit on descriptors
    /// to go back to. Fails on NUL bytes, and if descriptors run out.
    pub(super) fn prepare(plan: SpawnPlan, limit: Option<Limit>) -> Result<Self, SpawnError> {
        let identity = identity(plan.user);
        let mut ours: [CString; argument::ARGV] = Default::default();
        ours[0] = c"supervisord-spawn".to_owned();
        if let Some(Limit { soft, hard }) = limit {
            ours[argument::LIMIT] = c_string(format!("{soft} {hard}").as_ref(), "limit")?;
        }
        ours[argument::IDS] = c_string(identity.ids.as_ref(), "user")?;
        ours[argument::REFUSAL] = c_string(identity.refusal.as_ref(), "user")?;
        if let Some(umask) = plan.umask {
            ours[argument::UMASK] = c_string(umask.to_string().as_ref(), "umask")?;
        }
        if let Some(directory) = &plan.directory {
            let mut marked = OsString::from("=");
            marked.push(directory);
            ours[argument::DIRECTORY] = c_string(&marked, "directory")?;
        }
        ours[argument::PATH] = c_string(plan.command.path.as_os_str(), "command")?;
        let mut arguments = Vec::from(ours);
        for argument in &plan.command.argv {
            arguments.push(c_string(OsStr::new(argument), "command")?);
        }
        Ok(Self {
            arguments: Strings::new(arguments),
            environment: Strings::new(plan.environment),
            stdio: (plan.ends.above_stdio())
                .map_err(|error| SpawnError::dispatchers(&plan.name, &error))?,
        })
    }
}

fn c_string(text: &OsStr, what: &'static str) -> Result<CString, SpawnError> {
    CString::new(text.as_bytes()).map_err(|_| SpawnError::nul(what))
}
