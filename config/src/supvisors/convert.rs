//! From the text of an option of a cluster to what it means (spec cluster 1.2).

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::Duration;

use visord_cluster::strategy::{
    ClusterFailureStrategy, ConciliationStrategy, StartingStrategy, SyncOption,
};
use visord_model::pyrepr::repr;

use crate::types::{EventLink, InstanceItem};
use crate::value::{parse_bool, parse_int, parse_list};

/// A value that has a name.
pub(super) trait Named: Copy + 'static {
    fn name(self) -> &'static str;
}

macro_rules! named {
    ($($type:ident)*) => {
        $(impl Named for $type {
            fn name(self) -> &'static str {
                $type::name(self)
            }
        })*
    };
}

named! { ClusterFailureStrategy ConciliationStrategy StartingStrategy SyncOption }

impl Named for EventLink {
    fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Zmq => "ZMQ",
            Self::WebSocket => "WS",
        }
    }
}

/// `['A', 'B']`.
fn listed(names: impl Iterator<Item = &'static str>) -> String {
    let names: Vec<String> = names.map(repr).collect();
    format!("[{}]", names.join(", "))
}

/// The value of this name, in any case.
pub(super) fn word<T: Named>(key: &str, text: &str, all: &[T]) -> Result<T, String> {
    let upper = text.to_uppercase();
    let found = all.iter().find(|it| it.name() == upper);
    found.copied().ok_or_else(|| {
        let names = listed(all.iter().map(|it| it.name()));
        format!("invalid value for {key}: \"{text}\". expected in {names}")
    })
}

pub(super) fn event_link(text: &str) -> Result<EventLink, String> {
    const ALL: [EventLink; 3] = [EventLink::None, EventLink::Zmq, EventLink::WebSocket];
    word("event_link", text, &ALL)
}

/// Items between commas without empty ones and doubles, in order.
pub(super) fn items(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for item in parse_list(text) {
        if !item.is_empty() && !found.contains(&item) {
            found.push(item);
        }
    }
    found
}

pub(super) fn synchro(text: &str) -> Result<BTreeSet<SyncOption>, String> {
    let all = &SyncOption::ALL;
    let options = items(text).into_iter().map(|item| {
        // the original closes a parenthesis that it did not open
        word("synchro_options", item, all).map_err(|message| message + ")")
    });
    options.collect()
}

/// An integer, both bounds included; the message gives them as `[2;720]`.
pub(super) fn within(key: &str, text: &str, (least, most): (i64, i64)) -> Result<u64, String> {
    integer(text, least, most).ok_or_else(|| {
        format!("invalid value for {key}: \"{text}\". integer expected in [{least};{most}]")
    })
}

/// The same; the message gives the bounds as `(0, 255)`.
fn between(key: &str, text: &str, (least, most): (i64, i64)) -> Result<u64, String> {
    integer(text, least, most).ok_or_else(|| {
        format!("invalid value for {key}: \"{text}\". integer expected in ({least}, {most})")
    })
}

fn integer(text: &str, least: i64, most: i64) -> Option<u64> {
    let number = parse_int(text).ok()?;
    let number = (least..=most).contains(&number).then_some(number)?;
    u64::try_from(number).ok()
}

pub(super) fn port(text: &str) -> Result<u16, String> {
    let number = between("port", text, (1, 65535))?;
    Ok(u16::try_from(number).unwrap_or(u16::MAX))
}

pub(super) fn ttl(text: &str) -> Result<u8, String> {
    let number = between("multicast_ttl", text, (0, 255))?;
    Ok(u8::try_from(number).unwrap_or(u8::MAX))
}

/// Four integers between dots: more than a strict parser takes, as the original does.
fn address(text: &str) -> Option<Ipv4Addr> {
    let bytes: Vec<u8> = text
        .split('.')
        .map(|part| u8::try_from(integer(part, 0, 255)?).ok())
        .collect::<Option<_>>()?;
    let bytes: [u8; 4] = bytes.try_into().ok()?;
    Some(Ipv4Addr::from(bytes))
}

/// `None`: any interface.
pub(super) fn interface(text: &str) -> Result<Option<Ipv4Addr>, String> {
    if ["ANY", "INADDR_ANY"].contains(&text) {
        return Ok(None);
    }
    let found = address(text).map(Some);
    found.ok_or_else(|| format!("invalid value for IP address: \"{text}\""))
}

pub(super) fn multicast_group(text: &str) -> Result<(Ipv4Addr, u16), String> {
    const RESERVED: [&str; 4] = ["224.0.0.0", "232.0.0.0", "233.0.0.0", "239.0.0.0"];
    let (group, number) = text.split_once(':').ok_or_else(|| {
        format!("invalid value for multicast_group: \"{text}\". \"ip_address:port\" expected")
    })?;
    if RESERVED.contains(&group) {
        let reserved = listed(RESERVED.into_iter());
        return Err(format!(
            "reserved multicast address: \"{group}\". reserved addresses are {reserved}"
        ));
    }
    let found = address(group).filter(Ipv4Addr::is_multicast);
    let found = found.ok_or_else(|| {
        format!(
            "invalid value for multicast address: \"{group}\". IP address expected from 224.0.0.0 \
             to 239.255.255.255"
        )
    })?;
    Ok((found, port(number)?))
}

/// Whether to measure the machine, and processes.
pub(super) fn statistics(text: &str) -> Result<(bool, bool), String> {
    let items = parse_list(text);
    if items.is_empty() {
        return Err("invalid value for stats_enabled: <empty>".to_owned());
    }
    let (mut host, mut processes) = (false, false);
    for item in items {
        let (more_host, more_processes) = match item.to_uppercase().as_str() {
            "OFF" => (false, false),
            "HOST" => (true, false),
            "PROCESS" => (false, true),
            "ALL" => (true, true),
            other => {
                let all = parse_bool(other).map_err(|_| {
                    let names = listed(["OFF", "HOST", "PROCESS", "ALL"].into_iter());
                    format!("invalid value for stats_enabled: \"{text}\". expected in {names}")
                })?;
                (all, all)
            }
        };
        host |= more_host;
        processes |= more_processes;
    }
    Ok((host, processes))
}

/// Seconds from 1 to 3,600.
pub(super) fn period(key: &str, text: &str) -> Result<Duration, String> {
    let seconds = text.trim().parse::<f64>().ok();
    let seconds = seconds.filter(|it| (1.0..=3600.0).contains(it));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| {
        format!("invalid value for {key}: \"{text}\". float expected in [1.0;3600.0] (seconds)")
    })
}

pub(super) fn periods(text: &str) -> Result<Vec<Duration>, String> {
    let items = parse_list(text);
    let count = items.len();
    let limit = match count {
        0 => Some("minimum is 1"),
        1..=3 => None,
        _ => Some("maximum is 3"),
    };
    if let Some(limit) = limit {
        return Err(format!(
            "unexpected number of stats_periods: {count}. {limit}"
        ));
    }
    let periods = items.into_iter().map(|item| period("stats_periods", item));
    let mut periods: Vec<Duration> = periods.collect::<Result<_, _>>()?;
    periods.sort();
    Ok(periods)
}

/// `<nick>host:port`, nick and port optional (spec cluster 1.3).
pub(super) fn instance(text: &str) -> Option<InstanceItem> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-' || c == '.';
    let (nick, rest) = match text.strip_prefix('<') {
        Some(rest) => {
            let (nick, rest) = rest.split_once('>')?;
            let fits = !nick.is_empty() && nick.chars().all(|c| is_word(c) || c == ':');
            (Some(fits.then_some(nick)?), rest)
        }
        None => (None, text),
    };
    let (host, port) = match rest.split_once(':') {
        Some((host, port)) => {
            let fits = (4..=5).contains(&port.len()) && port.bytes().all(|c| c.is_ascii_digit());
            (host, Some(fits.then_some(port)?.parse().ok()?))
        }
        None => (rest, None),
    };
    let fits = !host.is_empty() && host.chars().all(is_word);
    fits.then(|| InstanceItem {
        text: text.to_owned(),
        // the default identifier of a supervisord says nothing
        nick: nick.filter(|it| *it != "supervisor").map(str::to_owned),
        host: host.to_owned(),
        port,
    })
}
