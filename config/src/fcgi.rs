//! `[fcgi-program:x]` (spec core 1.11.2).

use std::sync::Arc;

use nix::unistd::{User, getuid};

use crate::context::{Context, Reader};
use crate::dialect::Section;
use crate::error::Problem;
use crate::program::{known_name_of, name_and_priority, own_processes};
use crate::types::{FcgiSocket, GroupConfig, GroupKind, ListenAddress, Ownership};
use crate::value::{parse_fcgi_socket, parse_int};

pub(crate) const PREFIX: &str = "fcgi-program:";

/// A program that is a group of its own; `None` if it has no socket.
pub(crate) fn read(context: &Context<'_>, section: &Section) -> Option<GroupConfig> {
    let (name, priority) = name_and_priority(context, section)?;
    let socket = socket(&context.reader(section)).map(Arc::new);
    let processes = own_processes(context, section, name, socket.clone());
    Some(GroupConfig {
        name: name.to_owned(),
        priority,
        kind: GroupKind::Fastcgi(socket?),
        processes,
    })
}

/// The socket of a section that a `[group:x]` lists, if it is a FastCGI program and has
/// one. Its problems are returned, to be reported after those of the rest.
pub(crate) fn socket_of_member(
    context: &Context<'_>,
    section: &Section,
) -> (Option<Arc<FcgiSocket>>, Vec<Problem>) {
    let reader = context.reader(section);
    if !section.name.starts_with(PREFIX) || reader.raw("socket").is_none_or(str::is_empty) {
        return (None, Vec::new());
    }
    let before = context.problems.borrow().len();
    let socket = socket(&reader).map(Arc::new);
    let problems = context.problems.borrow_mut().split_off(before);
    (socket, problems)
}

fn socket(reader: &Reader<'_>) -> Option<FcgiSocket> {
    let user = reader.value("user", |text| reader.context.accounts.user(text));
    let backlog = reader.value("socket_backlog", |text| match parse_int(text)? {
        size @ 1..=65535 => Ok(i32::try_from(size).unwrap_or(i32::MAX)),
        other => Err(format!("Invalid socket_backlog value {other}")),
    });
    let owner = reader.owner("socket_owner", "socket_owner");
    let mode = reader.mode("socket_mode");
    let mut address = address(reader)?;
    let url = match &mut address {
        ListenAddress::Inet { host, port } => format!("tcp://{host}:{port}"),
        ListenAddress::Unix {
            path,
            mode: its_mode,
            owner: its_owner,
        } => {
            *its_mode = mode?;
            *its_owner = owner.unwrap_or_else(|| default_owner(user));
            format!("unix://{}", path.display())
        }
    };
    Some(FcgiSocket {
        url,
        address,
        backlog,
    })
}

/// The address alone, without mode and owner.
fn address(reader: &Reader<'_>) -> Option<ListenAddress> {
    let section = &reader.section.name;
    if reader.raw("socket").is_none_or(str::is_empty) {
        reader.fail_section(&format!("[{section}] section requires a \"socket\" line"));
        return None;
    }
    let name = known_name_of(reader.section);
    let reader = reader.within(reader.scope.clone().text("program_name", name));
    let mut unix_only = ["socket_owner", "socket_mode"].iter();
    let unix_only = unix_only.any(|key| reader.raw(key).is_some());
    reader.value("socket", |text| {
        parse_fcgi_socket(text, unix_only).map_err(|error| format!("{error} in [{section}] socket"))
    })
}

/// The file belongs to the program's user, if the daemon is another user.
fn default_owner(user: Option<u32>) -> Ownership {
    let Some(uid) = user.filter(|uid| *uid != getuid().as_raw()) else {
        return Ownership::default();
    };
    let entry = User::from_uid(uid.into()).ok().flatten();
    Ownership {
        uid: Some(uid),
        gid: entry.map(|user| user.gid.as_raw()),
    }
}
