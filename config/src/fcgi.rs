//! `[fcgi-program:x]` (spec core 1.11.2).

use std::path::PathBuf;
use std::sync::Arc;

use nix::unistd::{User, getuid};

use crate::context::{Context, Reader};
use crate::dialect::Section;
use crate::error::Problem;
use crate::expand::Scope;
use crate::group::{name_and_priority, unique};
use crate::program::{self, Membership, known_name_of};
use crate::types::{Account, FcgiAddress, FcgiSocket, GroupConfig, GroupKind, Ownership};
use crate::value::{Endpoint, check_port, parse_fcgi_socket, parse_int, parse_octal};

pub(crate) const PREFIX: &str = "fcgi-program:";

/// A program that is a group of its own; `None` if it has no socket.
pub(crate) fn read(context: &Context<'_>, section: &Section) -> Option<GroupConfig> {
    let (name, priority) = name_and_priority(context, section, 999);
    let socket = socket(&context.reader(section)).map(Arc::new);
    let membership = Membership {
        group: name,
        socket: socket.clone(),
        name_checked: true,
    };
    let processes = program::read(context, section, &membership);
    Some(GroupConfig {
        name: name.to_owned(),
        priority,
        kind: GroupKind::Fastcgi(socket?),
        processes: unique(processes),
    })
}

/// The socket of a section that a `[group:x]` lists, if it is a FastCGI program and has
/// one. What is wrong with it is returned, to be told after what is wrong with the rest.
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
    let context = reader.context;
    let scope = &context.scope();
    let section = &reader.section.name;
    let user = reader.value(scope, "user", |text| context.accounts.user(text));
    let backlog = reader.value(scope, "socket_backlog", |text| match parse_int(text)? {
        size @ 1..=65535 => Ok(i32::try_from(size).unwrap_or(i32::MAX)),
        other => Err(format!("Invalid socket_backlog value {other}")),
    });
    let owner = reader.value(scope, "socket_owner", |text| {
        let owner = context.accounts.owner(text);
        owner.map_err(|_| format!("Invalid socket_owner value {text}"))
    });
    let mode = reader.value(scope, "socket_mode", |text| {
        parse_octal(text).map_err(|_| format!("Invalid socket_mode value {text}"))
    });
    let restricted = ["socket_owner", "socket_mode"]
        .iter()
        .any(|key| reader.raw(key).is_some());
    let (url, address) = match endpoint(reader, scope)? {
        Endpoint::Tcp(host, port) => {
            let port = reader.keep("socket", tcp_port(section, port, restricted))?;
            (
                format!("tcp://{host}:{port}"),
                FcgiAddress::Tcp { host, port },
            )
        }
        Endpoint::Unix(path) => {
            let url = format!("unix://{path}");
            let address = FcgiAddress::Unix {
                path: PathBuf::from(path),
                owner: owner.unwrap_or_else(|| default_owner(user)),
                mode: mode.unwrap_or(0o700),
            };
            (url, address)
        }
    };
    Some(FcgiSocket {
        url,
        address,
        backlog,
    })
}

fn endpoint(reader: &Reader<'_>, scope: &Scope<'_>) -> Option<Endpoint> {
    let section = &reader.section.name;
    if reader.raw("socket").is_none_or(str::is_empty) {
        reader.fail_section(&format!("[{section}] section requires a \"socket\" line"));
        return None;
    }
    let scope = scope
        .clone()
        .text("program_name", known_name_of(reader.section));
    reader.value(&scope, "socket", |text| {
        parse_fcgi_socket(text).map_err(|error| format!("{error} in [{section}] socket"))
    })
}

/// `restricted`: an owner or a mode is asked for, which only a unix socket has.
fn tcp_port(section: &str, port: i64, restricted: bool) -> Result<u16, String> {
    let port = if restricted {
        let message =
            "socket_owner and socket_mode params should only be used with a Unix domain socket";
        Err(message.to_owned())
    } else {
        check_port(port)
    };
    port.map_err(|error| format!("{error} in [{section}] socket"))
}

/// The file belongs to the program's user, if that is somebody else than the daemon.
fn default_owner(user: Option<Account>) -> Ownership {
    let Some(uid) = user
        .map(|user| user.uid)
        .filter(|uid| *uid != getuid().as_raw())
    else {
        return Ownership::default();
    };
    let entry = User::from_uid(uid.into()).ok().flatten();
    Ownership {
        uid: Some(uid),
        gid: entry.map(|user| user.gid.as_raw()),
    }
}
