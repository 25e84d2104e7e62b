//! What is written to a listener's stdin (spec core 7.2).

use alloc::format;
use alloc::vec::Vec;

/// What `len` counts (`event_length` of a pool).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventLength {
    /// Code points, as in the original: listeners that read text count these.
    #[default]
    Characters,
    /// Bytes, for listeners that read bytes.
    Bytes,
}

impl EventLength {
    /// The length of a payload, which is UTF-8.
    fn of(self, payload: &[u8]) -> usize {
        match self {
            // every code point has one byte that does not continue another
            Self::Characters => payload.iter().filter(|&byte| byte & 0xc0 != 0x80).count(),
            Self::Bytes => payload.len(),
        }
    }
}

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
    /// The event's body, UTF-8.
    pub payload: &'a [u8],
    /// What `len` counts.
    pub length: EventLength,
}

impl Envelope<'_> {
    /// The bytes on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self {
            server,
            serial,
            pool,
            pool_serial,
            event_name,
            payload,
            length,
        } = self;
        let length = length.of(payload);
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
    fn the_header_counts_characters_or_bytes() {
        for (length, number) in [(EventLength::Characters, 14), (EventLength::Bytes, 20)] {
            let envelope = Envelope {
                server: "supervisor",
                serial: 21,
                pool: "listener",
                pool_serial: 10,
                event_name: "PROCESS_GROUP_ADDED",
                payload: "groupname:é€𝄞\n".as_bytes(),
                length,
            };
            assert_eq!(
                core::str::from_utf8(&envelope.to_bytes()).unwrap(),
                alloc::format!(
                    "ver:3.0 server:supervisor serial:21 pool:listener poolserial:10 \
                     eventname:PROCESS_GROUP_ADDED len:{number}\ngroupname:é€𝄞\n"
                )
            );
        }
    }
}
