//! What a child does between clone and exec (spec core 4.5).
//!
//! With the fast way it shares the daemon's memory and borrows its spawner thread, so nothing
//! here may allocate, lock, panic or return: every call goes to [`async_signal_safe`](safe).

use std::os::fd::RawFd;

use super::account::{Credentials, NO_GROUPS};
use super::async_signal_safe as safe;
use super::launch::Launch;

/// Whose descriptors the child begins with, and where its own are: what becomes of 0, 1 and 2.
#[derive(Clone, Copy)]
pub(super) enum Table {
    /// A copy of the daemon's.
    Copied([RawFd; 3]),
    /// The daemon's very own; nothing at or above `above` is wanted.
    Shared { sources: [RawFd; 3], above: u32 },
}

/// Become the program, or say on descriptor 2 why not and end with code 127.
pub(super) fn run(launch: &Launch, table: Table) -> ! {
    // first of all, so that no call below changes anything of the daemon's
    let sources = match table {
        Table::Copied(sources) => sources,
        Table::Shared { sources, above } => {
            if safe::unshare_descriptors(above).is_err() {
                give_up(&[]);
            }
            sources
        }
    };
    // cannot fail: the child leads no session
    let _ = safe::lead_own_group();
    for (target, source) in (0..).zip(sources) {
        if safe::place(source, target).is_err() {
            give_up(&[]);
        }
    }
    safe::close_from(3);
    if let Some(limit) = &launch.descriptors {
        // lowering cannot fail; an unlowered limit does no harm
        let _ = safe::limit_descriptors(limit);
    }
    become_user(launch);
    if let Some(directory) = &launch.directory
        && let Err(errno) = safe::change_directory(directory)
    {
        blame(&launch.texts.chdir, errno);
    }
    if let Some(umask) = launch.umask {
        safe::set_umask(umask);
    }
    // dispositions first: a handler of the daemon must not run here (decision C24)
    safe::default_signals();
    safe::unblock_signals();
    let errno = safe::execute(&launch.path, &launch.argv, &launch.environment);
    blame(&launch.texts.exec, errno);
}

/// All identities or none: whatever is refused, nothing is executed.
fn become_user(launch: &Launch) {
    let refusal = match &launch.credentials {
        Credentials::Keep => return,
        Credentials::Refuse(reason) => reason.as_str(),
        Credentials::Become { uid, gid, groups } => {
            if safe::set_groups(groups).is_err() {
                NO_GROUPS
            } else if safe::set_gid(*gid).is_err() {
                "Could not set group id of effective user"
            } else if safe::set_uid(*uid).is_err() {
                "Could not set user id of effective user"
            } else {
                return;
            }
        }
    };
    give_up(&[&launch.texts.setuid, refusal.as_bytes(), b"\n"]);
}

/// The step failed with this errno.
fn blame(text: &[u8], errno: i32) -> ! {
    let mut digits = [0; 10];
    let name = match safe::errno_name(errno) {
        Some(name) => name.as_bytes(),
        None => safe::decimal(errno.unsigned_abs(), &mut digits),
    };
    give_up(&[text, name, b"\n"]);
}

fn give_up(reason: &[&[u8]]) -> ! {
    for part in reason {
        safe::write_all(2, part);
    }
    safe::write_all(2, b"supervisor: child process was not spawned\n");
    safe::exit(127);
}
