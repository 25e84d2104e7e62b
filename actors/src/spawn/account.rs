//! Whom a child becomes. Asks the user database, so it may block: spawner thread only.

use std::ffi::CString;

use nix::unistd::{Gid, Uid, User, getgrouplist, getuid};

/// What the child says when its groups cannot be found out or set.
pub(super) const NO_GROUPS: &str = "Could not set groups of effective user";

/// What the child does about its identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    /// It stays what the daemon is.
    Keep,
    /// It becomes this user, in full or not at all.
    Become {
        uid: u32,
        gid: u32,
        /// Primary group and every group that lists the user.
        groups: Vec<u32>,
    },
    /// It cannot become that user and says why.
    Refuse(String),
}

/// The rows of spec core 3.1 and 4.5 that are known before the child exists.
pub(super) fn credentials(user: Option<u32>) -> Credentials {
    let Some(uid) = user.map(Uid::from_raw) else {
        return Credentials::Keep;
    };
    let current = getuid();
    if uid == current {
        return Credentials::Keep;
    }
    if !current.is_root() {
        return refuse("Can't drop privilege as nonroot user");
    }
    match User::from_uid(uid) {
        Ok(Some(account)) => supplementary(&account),
        // an account database that cannot be read finds nobody
        Ok(None) | Err(_) => refuse(&format!("Can't find uid {uid}")),
    }
}

fn refuse(reason: &str) -> Credentials {
    Credentials::Refuse(reason.to_owned())
}

fn supplementary(account: &User) -> Credentials {
    let Ok(name) = CString::new(account.name.as_str()) else {
        return refuse(NO_GROUPS);
    };
    match getgrouplist(&name, account.gid) {
        Ok(groups) => Credentials::Become {
            uid: account.uid.as_raw(),
            gid: account.gid.as_raw(),
            groups: groups.into_iter().map(Gid::as_raw).collect(),
        },
        Err(_) => refuse(NO_GROUPS),
    }
}
