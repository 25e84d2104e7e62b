//! Resource limits, a reserve of memory, and the change of user (difference C13).

use std::ffi::CString;
use std::hint::black_box;

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};
use nix::unistd::{Uid, User, getgrouplist, setgid, setgroups, setuid};
use visord_actors::spawn::Limit;
use visord_config::ServerConfig;
use visord_model::log_line::{Level, LogLine};

/// The daemon needs some six descriptors for each process, so it takes what it may have, up
/// to this many; children get what `minfds` promises them.
const DESCRIPTORS: rlim_t = 1 << 20;

/// Bytes of memory in reserve. They are not touched, so they cost address space only.
const RESERVE: usize = 2 * 1024 * 1024;

/// Have the allocator keep a reserve at the top of its heap: under a limit on the address space,
/// small allocations go on for a while when the system gives nothing more. (Large ones that a client
/// causes are refused instead.) glibc takes a block of this size from the heap, rather than from the
/// system, once one was freed, and keeps twice as much unused.
pub(super) fn reserve_memory() {
    for size in [RESERVE, RESERVE / 4 * 3] {
        let mut block = Vec::<u8>::new();
        // a system that has not that much gives none
        let _ = block.try_reserve_exact(size);
        drop(black_box(block));
    }
}

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

/// Raise the soft limits to what the configuration wants (spec core 3.2). An error is the text of a
/// usage error: the hard limit is in the way.
pub(super) fn raise_limits(server: &ServerConfig) -> Result<Vec<LogLine>, String> {
    let mut remarks = Vec::new();
    for (resource, minimum) in [
        (Resource::RLIMIT_NOFILE, server.minfds),
        (Resource::RLIMIT_NPROC, server.minprocs),
    ] {
        let Ok(minimum) = rlim_t::try_from(minimum) else {
            continue;
        };
        let limits = getrlimit(resource);
        let (soft, hard) = limits.map_err(|error| refusal(resource, minimum, error.desc()))?;
        // no limit is the largest number
        if soft >= minimum {
            continue;
        }
        setrlimit(resource, minimum, hard.max(minimum))
            .map_err(|_| refusal(resource, minimum, &hard.to_string()))?;
        let text = format!("Increased {resource:?} limit to {minimum}");
        remarks.push(LogLine::new(Level::Info, text));
    }
    Ok(remarks)
}

fn refusal(resource: Resource, minimum: rlim_t, current: &str) -> String {
    let (option, available, usable, program) = if resource == Resource::RLIMIT_NOFILE {
        ("minfds", "", "file descriptors", "process")
    } else {
        ("minprocs", "available ", "processes", "program")
    };
    format!(
        "The minimum number of {available}{usable} required to run this {program} is {minimum} as \
         per the \"{option}\" command-line argument or config file setting. The current environment \
         will only allow you to open {current} {usable}.  Either raise the number of usable {usable} \
         in your environment (see README.rst) or lower the {option} setting in the config file to \
         allow the {program} to start."
    )
}

/// Become the configured user (spec core 3.1). All of it or an error, the text of a usage error:
/// nothing runs with half of the privileges dropped.
pub(super) fn become_user(server: &ServerConfig) -> Result<Option<LogLine>, String> {
    let current = nix::unistd::getuid();
    Ok(match server.user {
        Some(user) => {
            may_become(server)?;
            let wanted = Uid::from_raw(user);
            if wanted != current {
                switch(wanted)?;
            }
            let text = format!("Set uid to user {wanted} succeeded");
            Some(LogLine::new(Level::Info, text))
        }
        None if current.is_root() => Some(LogLine::new(Level::Critical, RUNNING_AS_ROOT)),
        None => None,
    })
}

const RUNNING_AS_ROOT: &str = "Supervisor is running as root.  Privileges were not dropped because \
    no user is specified in the config file.  If you intend to run as root, you can set user=root \
    in the config file to avoid this message.";

/// Whether this process can become the configured user: only root can become another one. An error
/// is the text of a usage error.
pub(super) fn may_become(server: &ServerConfig) -> Result<(), String> {
    let current = nix::unistd::getuid();
    match server.user {
        Some(user) if Uid::from_raw(user) != current && !current.is_root() => {
            Err("Can't drop privilege as nonroot user".to_owned())
        }
        Some(_) | None => Ok(()),
    }
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
