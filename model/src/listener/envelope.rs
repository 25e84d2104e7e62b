//! What is written to a listener's stdin (spec core 7.2).

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Queued;
use crate::event::{Event, EventDetail};

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

/// The header line of one event for one pool, and its body. `server` is the `identifier` of the
/// daemon.
pub fn envelope(
    server: &str,
    pool: &str,
    queued: &Queued<Arc<Event>>,
    detail: EventDetail,
    length: EventLength,
) -> Vec<u8> {
    let payload = queued.event.payload(detail);
    let mut bytes = format!(
        "ver:3.0 server:{server} serial:{} pool:{pool} poolserial:{} eventname:{} len:{}\n",
        queued.serial,
        queued.pool_serial,
        queued.event.kind().name(),
        length.of(&payload)
    )
    .into_bytes();
    bytes.extend_from_slice(&payload);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_counts_characters_or_bytes() {
        for (length, number) in [(EventLength::Characters, 14), (EventLength::Bytes, 20)] {
            let queued = Queued {
                serial: 21,
                pool_serial: 10,
                event: Arc::new(Event::GroupAdded("é€𝄞".into())),
            };
            let bytes = envelope(
                "supervisor",
                "listener",
                &queued,
                EventDetail::Basic,
                length,
            );
            assert_eq!(
                core::str::from_utf8(&bytes).unwrap(),
                alloc::format!(
                    "ver:3.0 server:supervisor serial:21 pool:listener poolserial:10 \
                     eventname:PROCESS_GROUP_ADDED len:{number}\ngroupname:é€𝄞\n"
                )
            );
        }
    }
}
