//! `[web_user:NAME]` (visord only): users with a part of the rights of a server's one user.

use crate::context::{Context, Reader};
use crate::error::Problem;
use crate::secret::Secret;
use crate::types::{Role, WebUser};
use crate::value::{check_name, parse_list};

pub(crate) const PREFIX: &str = "web_user:";

/// What the names of servers' sections begin with.
pub(crate) const SERVERS: [&str; 2] = ["inet_http_server", "unix_http_server"];

/// A user and the sections of the servers they may use; `None`: all of them.
pub(crate) struct Admission {
    pub(crate) user: WebUser,
    servers: Option<Vec<String>>,
    /// For messages.
    section: String,
}

impl Admission {
    pub(crate) fn admits_to(&self, server: &str) -> bool {
        let servers = self.servers.as_ref();
        servers.is_none_or(|servers| servers.iter().any(|known| known == server))
    }

    /// A server of its own user has no other user of that name: which password counts, and for
    /// what, would be undefined.
    pub(crate) fn check_name(&self, context: &Context<'_>, server: &str, username: &str) {
        if self.user.name == username
            && let Some(section) = context.document.section(&self.section)
        {
            let own = &self.section;
            context.reader(section).fail_section(&format!(
                "section [{own}] has the name of the username of [{server}]"
            ));
        }
    }
}

/// In file order.
pub(crate) fn read_all(context: &Context<'_>) -> Vec<Admission> {
    let mut all: Vec<Admission> = Vec::new();
    for reader in context.readers(PREFIX) {
        let section = reader.section;
        if let Some(again) = &section.again {
            let (file, line) = (section.place.file.display(), section.place.line);
            let name = &section.name;
            let message = format!("section [{name}] occurs twice, first in {file}, line {line}");
            context.push(Problem::at(again, message).in_section(name, None));
        }
        let Some(admission) = read(&reader) else {
            continue;
        };
        let name = &admission.user.name;
        match all.iter().find(|other| &other.user.name == name) {
            None => all.push(admission),
            Some(other) => reader.fail_section(&format!(
                "sections [{}] and [{}] are about the same user, {name}",
                other.section, admission.section
            )),
        }
    }
    all
}

fn read(reader: &Reader<'_>) -> Option<Admission> {
    let section = &reader.section.name;
    let name = match check_name(&section[PREFIX.len()..]) {
        Ok("") => {
            reader.fail_section(&format!("section [{section}] names no user"));
            None
        }
        Ok(name) => Some(name.to_owned()),
        Err(message) => {
            reader.fail_section(&message);
            None
        }
    };
    reader.require("password");
    let password = reader.raw("password").and_then(|raw| {
        let option = format!("{section}.password");
        let expanded = reader.scope.expand_value(raw, &option, true);
        let password = match expanded.as_deref() {
            Err(message) => Err(message.clone()),
            Ok("") => Err(format!("section [{section}] has a blank password")),
            Ok(text) => check_password(text).map(|()| Secret::from(text)),
        };
        password
            .map_err(|message| reader.fail("password", message))
            .ok()
    });
    let role = reader.value("role", |text| {
        let role = Role::ALL.into_iter().find(|role| role.name() == text);
        role.ok_or_else(|| format!("role must be view, operate or admin, not '{text}'"))
    });
    let servers = reader.value("servers", |text| servers(reader.context, text));
    Some(Admission {
        user: WebUser {
            name: name?,
            password: password?,
            role: role?,
        },
        servers,
        section: section.clone(),
    })
}

fn servers(context: &Context<'_>, text: &str) -> Result<Vec<String>, String> {
    let names: Vec<String> = parse_list(text).into_iter().map(str::to_owned).collect();
    if names.is_empty() {
        return Err("servers names no server; leave it out for all of them".to_owned());
    }
    let is_server = |name: &str| {
        SERVERS.iter().any(|prefix| name.starts_with(prefix))
            && context.document.section(name).is_some()
    };
    match names.iter().find(|name| !is_server(name)) {
        None => Ok(names),
        Some(unknown) => Err(format!("servers names no server of this file: '{unknown}'")),
    }
}

/// A stored password that a password can match.
/// Errors: its hash has a wrong form.
pub(crate) fn check_password(password: &str) -> Result<(), String> {
    match password.strip_prefix("{ARGON2}") {
        Some(hash) if !is_argon2(hash) => Err("{ARGON2} must be followed by a PHC string: \
             $argon2id$v=19$m=...,t=...,p=...$SALT$HASH"
            .to_owned()),
        Some(_) | None => Ok(()),
    }
}

/// The shape of an Argon2 hash in PHC form; the server looks closer.
fn is_argon2(hash: &str) -> bool {
    let mut fields = hash.split('$');
    let blank = fields.next() == Some("");
    let kind = fields.next();
    blank
        && matches!(kind, Some("argon2id" | "argon2i" | "argon2d"))
        && (3..=4).contains(&fields.filter(|field| !field.is_empty()).count())
}
