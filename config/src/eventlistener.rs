//! `[eventlistener:x]` (spec core 1.11.1).

use visord_model::event::{EventDetail, EventKind};
use visord_model::listener::{EventLength, ListenerRecover};

use crate::context::{Context, Reader};
use crate::dialect::Section;
use crate::program::{name_of, own_processes};
use crate::types::{GroupConfig, GroupKind, PoolConfig};
use crate::value::{parse_bool, parse_int, parse_list};

pub(crate) const PREFIX: &str = "eventlistener:";

/// The one handler there is.
const DEFAULT_HANDLER: &str = "supervisor.dispatchers:default_handler";

const DETAILS: [(&str, EventDetail); 2] = [
    ("basic", EventDetail::Basic),
    ("extended", EventDetail::Extended),
];

const LENGTHS: [(&str, EventLength); 2] = [
    ("characters", EventLength::Characters),
    ("bytes", EventLength::Bytes),
];

const RECOVERIES: [(&str, ListenerRecover); 2] = [
    ("never", ListenerRecover::Never),
    ("restart", ListenerRecover::Restart),
];

/// A pool; `None` if it lacks what makes it one.
pub(crate) fn read(context: &Context<'_>, section: &Section) -> Option<GroupConfig> {
    let reader = context.reader(section);
    let priority = reader.value("priority", parse_int);
    let pool = pool(&reader);
    // its name is checked as that of a program
    let name = name_of(&context.program_reader(section));
    let processes = own_processes(context, section, name, None);
    Some(GroupConfig {
        name: name.to_owned(),
        priority: priority?,
        kind: GroupKind::Listeners(pool?),
        processes,
    })
}

fn pool(reader: &Reader<'_>) -> Option<PoolConfig> {
    let section = &reader.section.name;
    let buffer_size = reader.value("buffer_size", |text| {
        let size = parse_int(text)?;
        let positive = usize::try_from(size).ok().filter(|size| *size > 0);
        positive.ok_or_else(|| format!("[{section}] section sets invalid buffer_size ({size})"))
    });
    reader.value("result_handler", |text| match text {
        DEFAULT_HANDLER => Ok(()),
        other => Err(format!("{other} cannot be resolved within [{section}]")),
    });
    let events = events(reader);
    reader.value("redirect_stderr", |text| match parse_bool(text)? {
        false => Ok(()),
        true => Err(format!(
            "[{section}] section sets redirect_stderr=true but this is not allowed because it \
             will interfere with the eventlistener protocol"
        )),
    });
    Some(PoolConfig {
        buffer_size: buffer_size?,
        events: events?,
        event_detail: reader.choice("event_detail", &DETAILS)?,
        event_length: reader.choice("event_length", &LENGTHS)?,
        listener_recover: reader.choice("listener_recover", &RECOVERIES)?,
    })
}

fn events(reader: &Reader<'_>) -> Option<Vec<EventKind>> {
    let section = &reader.section.name;
    let names = match reader.raw("events") {
        None => String::new(),
        Some(_) => reader.text("events")?.to_uppercase(),
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
