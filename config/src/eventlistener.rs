//! `[eventlistener:x]` (spec core 1.11.1).

use visord_model::event::{EventDetail, EventKind};
use visord_model::listener::{EventLength, ListenerRecover};

use crate::context::{Context, Reader};
use crate::dialect::Section;
use crate::expand::Scope;
use crate::group::unique;
use crate::program::{self, Membership, known_name_of};
use crate::types::{GroupConfig, GroupKind, PoolConfig};
use crate::value::{one_of, parse_bool, parse_int, parse_list};

pub(crate) const PREFIX: &str = "eventlistener:";

/// The one handler there is.
const DEFAULT_HANDLER: &str = "supervisor.dispatchers:default_handler";

/// A pool; `None` if it lacks what makes it one.
pub(crate) fn read(context: &Context<'_>, section: &Section) -> Option<GroupConfig> {
    let reader = context.reader(section);
    let scope = context.scope();
    let priority = reader.value_or(&scope, "priority", -1, parse_int);
    let pool = pool(&reader, &scope);
    let membership = Membership {
        group: known_name_of(section),
        socket: None,
        name_checked: false,
    };
    let processes = program::read(context, section, &membership);
    Some(GroupConfig {
        name: known_name_of(section).to_owned(),
        priority,
        kind: GroupKind::Listeners(pool?),
        processes: unique(processes),
    })
}

fn pool(reader: &Reader<'_>, scope: &Scope<'_>) -> Option<PoolConfig> {
    let section = &reader.section.name;
    let buffer_size = reader.value_or(scope, "buffer_size", 10, |text| {
        let size = parse_int(text)?;
        let invalid = || format!("[{section}] section sets invalid buffer_size ({size})");
        usize::try_from(size)
            .ok()
            .filter(|size| *size > 0)
            .ok_or_else(invalid)
    });
    reader.value(scope, "result_handler", |text| match text {
        DEFAULT_HANDLER => Ok(()),
        other => Err(format!("{other} cannot be resolved within [{section}]")),
    });
    let events = events(reader, scope);
    reader.value(scope, "redirect_stderr", |text| match parse_bool(text)? {
        false => Ok(()),
        true => Err(format!(
            "[{section}] section sets redirect_stderr=true but this is not allowed because it \
             will interfere with the eventlistener protocol"
        )),
    });
    let event_detail = reader.value_or(scope, "event_detail", EventDetail::default(), |text| {
        one_of(
            text,
            &[
                ("basic", EventDetail::Basic),
                ("extended", EventDetail::Extended),
            ],
        )
    });
    let characters = EventLength::default();
    let event_length = reader.value_or(scope, "event_length", characters, |text| {
        one_of(
            text,
            &[
                ("characters", EventLength::Characters),
                ("bytes", EventLength::Bytes),
            ],
        )
    });
    let never = ListenerRecover::default();
    let listener_recover = reader.value_or(scope, "listener_recover", never, |text| {
        one_of(
            text,
            &[
                ("never", ListenerRecover::Never),
                ("restart", ListenerRecover::Restart),
            ],
        )
    });
    Some(PoolConfig {
        buffer_size,
        events: events?,
        event_detail,
        event_length,
        listener_recover,
    })
}

fn events(reader: &Reader<'_>, scope: &Scope<'_>) -> Option<Vec<EventKind>> {
    let section = &reader.section.name;
    let names = match reader.raw("events") {
        None => String::new(),
        Some(_) => reader.text(scope, "events")?.to_uppercase(),
    };
    let names = parse_list(&names);
    if names.is_empty() {
        reader.fail_section(&format!("[{section}] section requires an \"events\" line"));
        return None;
    }
    let mut kinds = Vec::with_capacity(names.len());
    for name in names {
        match EventKind::from_name(name) {
            Some(kind) if kinds.contains(&kind) => {}
            Some(kind) => kinds.push(kind),
            None => {
                let message = format!("Unknown event type {name} in [{section}] events");
                reader.fail("events", message);
            }
        }
    }
    Some(kinds)
}
