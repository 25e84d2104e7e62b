//! The user a child becomes. Asks the user database, so it may block: spawner thread only.

use std::ffi::CString;

use nix::unistd::{Gid, Uid, User, getgrouplist, getuid};

use super::child::NO_GROUPS;

/// What a child is told about its identity, see `child.rs`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    /// User id, group id and every group that lists the user; empty: it stays what the daemon is.
    pub(super) ids: String,
    /// Why it cannot become that user; empty: it can.
    pub(super) refusal: String,
}

/// The reasons that are known before the child exists.
pub(super) fn identity(user: Option<u32>) -> Identity {
    let current = getuid();
    let Some(uid) = user.map(Uid::from_raw).filter(|uid| *uid != current) else {
        return Identity::default();
    };
    let ids = if current.is_root() {
        match User::from_uid(uid) {
            Ok(Some(account)) => supplementary(&account).ok_or_else(|| NO_GROUPS.to_owned()),
            // an account database that cannot be read has no such user
            Ok(None) | Err(_) => Err(format!("Can't find uid {uid}")),
        }
    } else {
        Err("Can't drop privilege as nonroot user".to_owned())
    };
    let (ids, refusal) = match ids {
        Ok(ids) => (ids, String::new()),
        Err(refusal) => (uid.to_string(), refusal),
    };
    Identity { ids, refusal }
}

fn supplementary(account: &User) -> Option<String> {
    let name = CString::new(account.name.as_str()).ok()?;
    let groups = getgrouplist(&name, account.gid).ok()?;
    let groups = groups.into_iter().map(Gid::as_raw);
    let ids = [account.uid.as_raw(), account.gid.as_raw()];
    let ids = ids.into_iter().chain(groups).map(|id| id.to_string());
    Some(ids.collect::<Vec<_>>().join(" "))
}
