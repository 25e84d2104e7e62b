//! What is written to a listener's stdin (spec core 7.2).

use alloc::format;
use alloc::vec::Vec;

/// The header line of one event for one pool, and its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// `identifier` of the daemon.
    pub server: &'a str,
    /// Global serial.
    pub serial: u64,
    /// Pool name.
    pub pool: &'a str,
    /// Serial within the pool.
    pub pool_serial: u64,
    /// Name of the event's type.
    pub event_name: &'a str,
    /// The event's body.
    pub payload: &'a [u8],
}

impl Envelope<'_> {
    /// The bytes on the wire. `len` counts bytes (decision C1).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self {
            server,
            serial,
            pool,
            pool_serial,
            event_name,
            payload,
        } = self;
        let length = payload.len();
        let mut bytes = format!(
            "ver:3.0 server:{server} serial:{serial} pool:{pool} poolserial:{pool_serial} \
             eventname:{event_name} len:{length}\n"
        )
        .into_bytes();
        bytes.extend_from_slice(payload);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_length_in_bytes() {
        let envelope = Envelope {
            server: "supervisor",
            serial: 21,
            pool: "listener",
            pool_serial: 10,
            event_name: "PROCESS_GROUP_ADDED",
            payload: "groupname:é€\n".as_bytes(),
        };
        assert_eq!(
            core::str::from_utf8(&envelope.to_bytes()).unwrap(),
            "ver:3.0 server:supervisor serial:21 pool:listener poolserial:10 \
             eventname:PROCESS_GROUP_ADDED len:16\ngroupname:é€\n"
        );
    }
}
