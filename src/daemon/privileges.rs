//! Resource limits and the change of user, in that order (decision C13).

use std::ffi::CString;

use nix::errno::Errno;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, rlim_t, setrlimit};
use nix::unistd::{Uid, User, getgrouplist, setgid, setgroups, setuid};
use visord_actors::spawn::Limit;
use visord_config::{Account, ServerConfig};
use visord_model::log_line::{Level, LogLine};

/// The daemon needs some six descriptors for each process, so it takes what it may have, up
/// to this many; children get what `minfds` promises them.
const DESCRIPTORS: rlim_t = 1 << 20;

/// Take what descriptors the hard limit allows; returns the limit for children.
pub(super) fn raise_own_descriptors() -> Option<Limit> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    let wanted = hard.min(DESCRIPTORS);
    if soft >= wanted {
        return None;
    }
    setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).ok()?;
    Some(Limit { soft, hard })
}

/// Raise the soft limits to what the configuration wants (spec core 3.2).
///
/// # Errors
/// The text of a usage error where the hard limit is in the way.
pub(super) fn raise_limits(server: &ServerConfig) -> Result<Vec<LogLine>, String> {
    let wanted = [
        (Resource::RLIMIT_NOFILE, server.minfds, &FILES),
        (Resource::RLIMIT_NPROC, server.minprocs, &PROCESSES),
    ];
    let mut remarks = Vec::new();
    for (resource, minimum, words) in wanted {
        let Ok(minimum) = rlim_t::try_from(minimum) else {
            continue;
        };
        let (soft, hard) = getrlimit(resource).map_err(|e| words.refusal(minimum, e.desc()))?;
        if soft == RLIM_INFINITY || soft >= minimum {
            continue;
        }
        let raised = if hard == RLIM_INFINITY {
            hard
        } else {
            hard.max(minimum)
        };
        match setrlimit(resource, minimum, raised) {
            Ok(()) => {
                let text = format!("Increased {} limit to {minimum}", words.name);
                remarks.push(LogLine::new(Level::Info, text));
            }
            Err(_) => return Err(words.refusal(minimum, &hard.to_string())),
        }
    }
    Ok(remarks)
}

/// How one limit is called in messages.
struct Words {
    name: &'static str,
    what: &'static str,
    runs: &'static str,
    option: &'static str,
    allowed: &'static str,
    short: &'static str,
}

const FILES: Words = Words {
    name: "RLIMIT_NOFILE",
    what: "file descriptors",
    runs: "process",
    option: "minfds",
    allowed: "file descriptors",
    short: "process",
};

const PROCESSES: Words = Words {
    name: "RLIMIT_NPROC",
    what: "available processes",
    runs: "program",
    option: "minprocs",
    allowed: "processes",
    short: "program",
};

impl Words {
    fn refusal(&self, minimum: rlim_t, current: &str) -> String {
        let usable = if self.option == "minfds" {
            "file descriptors"
        } else {
            "processes"
        };
        format!(
            "The minimum number of {} required to run this {} is {minimum} as per the \"{}\" \
             command-line argument or config file setting. The current environment will only \
             allow you to open {current} {}.  Either raise the number of usable {usable} in your \
             environment (see README.rst) or lower the {} setting in the config file to allow \
             the {} to start.",
            self.what, self.runs, self.option, self.allowed, self.option, self.short
        )
    }
}

/// Become the configured user (spec core 3.1). All of it or an error: nothing runs with
/// half of the privileges dropped.
///
/// # Errors
/// The text of a usage error.
pub(super) fn become_user(server: &ServerConfig) -> Result<Vec<LogLine>, String> {
    let current = nix::unistd::getuid();
    let Some(account) = &server.user else {
        return Ok(no_user(current));
    };
    let wanted = Uid::from_raw(account.uid);
    may_become(server)?;
    if wanted != current {
        switch(wanted)?;
    }
    let text = format!("Set uid to user {} succeeded", account.uid);
    Ok(vec![LogLine::new(Level::Info, text)])
}

/// Whether the configured user can be become: only root can become somebody else.
///
/// # Errors
/// The text of a usage error.
pub(super) fn may_become(server: &ServerConfig) -> Result<(), String> {
    let current = nix::unistd::getuid();
    let somebody_else = |account: &Account| Uid::from_raw(account.uid) != current;
    if server.user.as_ref().is_some_and(somebody_else) && !current.is_root() {
        return Err("Can't drop privilege as nonroot user".to_owned());
    }
    Ok(())
}

fn no_user(current: Uid) -> Vec<LogLine> {
    if !current.is_root() {
        return Vec::new();
    }
    let text = "Supervisor is running as root.  Privileges were not dropped because no user is \
                specified in the config file.  If you intend to run as root, you can set \
                user=root in the config file to avoid this message.";
    vec![LogLine::new(Level::Critical, text)]
}

fn switch(wanted: Uid) -> Result<(), String> {
    let unknown = || format!("Can't find uid {wanted}");
    let user = User::from_uid(wanted).ok().flatten().ok_or_else(unknown)?;
    let groups = "Could not set groups of effective user";
    let name = CString::new(user.name).map_err(|_| unknown())?;
    let list = getgrouplist(&name, user.gid).map_err(|_: Errno| groups.to_owned())?;
    setgroups(&list).map_err(|_| groups.to_owned())?;
    setgid(user.gid).map_err(|_| "Could not set group id of effective user".to_owned())?;
    setuid(wanted).map_err(|_| "Could not set user id of effective user".to_owned())
}
