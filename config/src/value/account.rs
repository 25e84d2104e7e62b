//! Users and groups by name or number.

use std::cell::RefCell;
use std::collections::HashMap;

use nix::unistd::{Gid, Group, Uid, User};

use super::scalar::parse_int;
use crate::types::Ownership;

/// The user database, each entry asked for once: a thousand programs may name one user.
#[derive(Debug, Default)]
pub struct Accounts {
    users: RefCell<HashMap<String, Option<Uid>>>,
}

impl Accounts {
    /// The id of a user that exists.
    ///
    /// # Errors
    /// `Invalid user name <text>`, or `Invalid user id <text>` for a number.
    pub fn user(&self, text: &str) -> Result<u32, String> {
        if let Some(uid) = self.uid(text) {
            return Ok(uid.as_raw());
        }
        let kind = if parse_int(text).is_ok() {
            "id"
        } else {
            "name"
        };
        Err(format!("Invalid user {kind} {text}"))
    }

    fn uid(&self, text: &str) -> Option<Uid> {
        if let Some(known) = self.users.borrow().get(text) {
            return *known;
        }
        let entry = match parse_int(text) {
            Ok(number) => u32::try_from(number).map_or(Ok(None), |id| User::from_uid(id.into())),
            Err(_) => User::from_name(text),
        };
        let uid = entry.ok().flatten().map(|user| user.uid);
        self.users.borrow_mut().insert(text.to_owned(), uid);
        uid
    }

    /// `user` or `user:group`; without a group the file's group stays.
    ///
    /// # Errors
    /// What is unknown; callers have messages of their own.
    pub fn owner(&self, text: &str) -> Result<Ownership, String> {
        let (user, group) = match text.split_once(':') {
            None => (text, None),
            Some((user, group)) => (user, Some(group)),
        };
        let uid = self.user(user)?;
        let gid = group.map(find_group).transpose()?.map(Gid::as_raw);
        Ok(Ownership {
            uid: Some(uid),
            gid,
        })
    }
}

fn find_group(text: &str) -> Result<Gid, String> {
    let entry = match parse_int(text) {
        Ok(number) => u32::try_from(number).map_or(Ok(None), |id| Group::from_gid(id.into())),
        Err(_) => Group::from_name(text),
    };
    let group = entry.ok().flatten().map(|group| group.gid);
    group.ok_or_else(|| format!("Invalid group {text}"))
}
