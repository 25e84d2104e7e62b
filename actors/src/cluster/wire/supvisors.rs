//! Publications and datagrams of Supvisors 0.19.1 (spec cluster 8.1, 8.3, 1.6).

use std::sync::Arc;

use visord_cluster::identity::Candidate;
use visord_cluster::message::{Origin, ProcessEvent, Publication, Tick};
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;
use visord_xmlrpc::Value;

use super::error::WireError;
use super::fields::{Fields, Read};
use super::structs::{
    counter, host_sample, local_process, process_sample, read_host_sample, read_local_process,
    read_process_sample, read_state_modes, state_modes, texts, whole,
};
use super::{fields, json};

/// First parameter of `sendRemoteCommEvent` for a publication.
pub const PUBLICATION: &str = "SupvisorsPublication";

/// Longest text of a publication that is read, bytes: that of some thousand instances.
pub const LONGEST: usize = 1024 * 1024;

/// Longest datagram that is sent or read, bytes; the original reads no more.
pub const DATAGRAM: usize = 1023;

/// Number of a datagram that announces an instance.
const DISCOVERY: i64 = 4;

/// The text of a publication. `nick_of` gives the nick of an identifier.
pub fn encode(
    origin: &Origin,
    publication: &Publication,
    nick_of: &dyn Fn(&str) -> Arc<str>,
) -> String {
    let (number, body) = match publication {
        Publication::Tick(it) => (0, tick(it)),
        Publication::Process(it) => (1, process_event(origin, it, nick_of)),
        Publication::Added(it) => (2, local_process(it)),
        Publication::Removed { group, process } => (3, removed(group, process.as_deref())),
        Publication::Disability(it) => (4, local_process(it)),
        Publication::HostStatistics(it) => (5, host_sample(it)),
        Publication::ProcessStatistics(it) => (6, process_sample(it)),
        Publication::State(it) => (7, state_modes(it)),
    };
    let address: Value = [(&origin.address).into(), port(origin.port)]
        .into_iter()
        .collect();
    let source = [(*origin.identifier).into(), (*origin.nick).into(), address];
    let message: Value = [Value::Int(number), body].into_iter().collect();
    json::write(&Value::Array(vec![Value::Array(source.into()), message]))
}

/// What the text of a publication says.
///
/// # Errors
/// See [`WireError`].
pub fn decode(text: &str) -> Read<(Origin, Publication)> {
    let frame = json::read(text, LONGEST)?;
    let Some([source, message]) = frame.as_array() else {
        return Err(wrong("the frame", "a list of origin and message"));
    };
    let (number, body) = numbered(message)?;
    let publication = match number {
        0 => Publication::Tick(read_tick(body)?),
        1 => Publication::Process(read_process_event(body)?),
        2 => Publication::Added(Arc::new(read_local_process(body)?)),
        3 => read_removed(body)?,
        4 => Publication::Disability(Arc::new(read_local_process(body)?)),
        5 => Publication::HostStatistics(Arc::new(read_host_sample(body)?)),
        6 => Publication::ProcessStatistics(read_process_sample(body)?),
        7 => Publication::State(Arc::new(read_state_modes(body)?)),
        unknown => return Err(WireError::UnknownType(unknown)),
    };
    Ok((read_origin(source)?, publication))
}

/// The datagram by which an instance announces itself. More than [`DATAGRAM`] bytes are not
/// understood by the original.
pub fn datagram(candidate: &Candidate) -> String {
    let body = Value::structure([
        ("identifier", Value::from(&*candidate.identifier)),
        ("nick_identifier", (*candidate.nick).into()),
        ("host_id", (*candidate.host).into()),
        ("http_port", port(candidate.port)),
        ("stereotypes", texts(&candidate.stereotypes)),
    ]);
    json::write(&Value::Array(vec![Value::Int(DISCOVERY), body]))
}

/// The instance that a datagram announces.
///
/// # Errors
/// See [`WireError`]; also if its identifier is not `host:port` with its port.
pub fn read_datagram(bytes: &[u8]) -> Read<Candidate> {
    if bytes.len() > DATAGRAM {
        return Err(WireError::TooLong(DATAGRAM));
    }
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|error| WireError::NotJson(error.to_string()))?;
    let message = json::read(text, DATAGRAM)?;
    let (number, body) = numbered(&message)?;
    if number != DISCOVERY {
        return Err(WireError::UnknownType(number));
    }
    let fields = Fields::new(body, "announcement")?;
    let identifier = fields.text("identifier")?;
    let port: u16 = fields.int("http_port")?;
    let host = identifier
        .rsplit_once(':')
        .filter(|(host, it)| !host.is_empty() && it.parse() == Ok(port))
        .map(|(host, _)| host);
    let host = host.ok_or_else(|| fields.wrong("identifier", "host and port"))?;
    Ok(Candidate {
        identifier: identifier.into(),
        nick: fields.text("nick_identifier")?.into(),
        host: host.into(),
        port,
        stereotypes: match fields.find("stereotypes") {
            Some(_) => fields.texts("stereotypes")?.map(Arc::from).collect(),
            None => Vec::new(),
        },
    })
}

fn wrong(what: &'static str, expected: &'static str) -> WireError {
    let of = "the text";
    WireError::Wrong { of, what, expected }
}

fn port(port: u16) -> Value {
    u32::from(port).into()
}

/// Number and body of a message.
fn numbered(message: &Value) -> Read<(i64, &Value)> {
    let Some([number, body]) = message.as_array() else {
        return Err(wrong("the message", "a list of type and body"));
    };
    let number = fields::int(number).ok_or_else(|| wrong("the type", "a whole number"))?;
    Ok((number, body))
}

fn read_origin(source: &Value) -> Read<Origin> {
    let origin = || {
        let [identifier, nick, address] = source.as_array()? else {
            return None;
        };
        let [address, port] = address.as_array()? else {
            return None;
        };
        Some(Origin {
            identifier: identifier.as_str()?.into(),
            nick: nick.as_str()?.into(),
            address: address.as_str()?.to_owned(),
            port: fields::int(port)?,
        })
    };
    origin().ok_or_else(|| wrong("the origin", "[identifier, nick, [address, port]]"))
}

fn tick(tick: &Tick) -> Value {
    // the original sends the first one at its start, with the exact time
    let when = match tick.sequence_counter {
        0 => tick.when.into(),
        _ => whole(tick.when),
    };
    Value::structure([
        ("when", when),
        ("when_monotonic", tick.when_monotonic.into()),
        ("sequence_counter", counter(tick.sequence_counter)),
    ])
}

fn read_tick(body: &Value) -> Read<Tick> {
    let fields = Fields::new(body, "TICK")?;
    Ok(Tick {
        when: fields.float("when")?,
        when_monotonic: fields.float("when_monotonic")?,
        sequence_counter: fields.int("sequence_counter")?,
    })
}

fn process_event(
    origin: &Origin,
    event: &ProcessEvent,
    nick_of: &dyn Fn(&str) -> Arc<str>,
) -> Value {
    let name = ("name", Value::from(&*event.name.process));
    let group = ("group", Value::from(&*event.name.group));
    let state = ("state", Value::from(event.state.code()));
    let mut members = match &event.forced {
        None => vec![
            ("identifier", (*origin.identifier).into()),
            ("nick_identifier", (*origin.nick).into()),
            name,
            group,
            state,
        ],
        Some(about) => vec![
            ("identifier", about.as_deref().unwrap_or_default().into()),
            (
                "nick_identifier",
                about.as_deref().map_or_else(Arc::default, nick_of)[..].into(),
            ),
            group,
            name,
            state,
            ("forced", true.into()),
        ],
    };
    members.extend([
        ("now", event.now.into()),
        ("now_monotonic", event.now_monotonic.into()),
        ("pid", event.pid.into()),
        ("expected", event.expected.into()),
        ("spawnerr", (&event.spawnerr).into()),
        ("extra_args", (&event.extra_args).into()),
    ]);
    if event.forced.is_none() {
        members.push(("disabled", event.disabled.into()));
    }
    Value::structure(members)
}

fn read_process_event(body: &Value) -> Read<ProcessEvent> {
    let fields = Fields::new(body, "PROCESS")?;
    // whatever its value (spec cluster 8.4)
    let forced = match fields.find("forced") {
        Some(_) => Some(Some(fields.text("identifier")?).filter(|it| !it.is_empty())),
        None => None,
    };
    Ok(ProcessEvent {
        name: ProcessName::new(fields.text("group")?, fields.text("name")?),
        state: fields.code("state", ProcessState::from_code)?,
        now: fields.float("now")?,
        now_monotonic: fields.float("now_monotonic")?,
        pid: fields.int("pid")?,
        expected: fields.or("expected", true, Fields::flag)?,
        spawnerr: fields.text_or_empty("spawnerr")?.to_owned(),
        extra_args: fields.text_or_empty("extra_args")?.to_owned(),
        disabled: fields.or("disabled", false, Fields::flag)?,
        forced: forced.map(|about| about.map(Arc::from)),
    })
}

fn removed(group: &str, process: Option<&str>) -> Value {
    Value::structure([("name", process.unwrap_or("*")), ("group", group)])
}

fn read_removed(body: &Value) -> Read<Publication> {
    let fields = Fields::new(body, "PROCESS_REMOVED")?;
    Ok(Publication::Removed {
        group: fields.text("group")?.into(),
        process: Some(fields.text("name")?)
            .filter(|it| *it != "*")
            .map(Arc::from),
    })
}
