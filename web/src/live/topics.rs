//! What a client subscribes to.

/// The topics of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Topics {
    /// States of processes.
    pub(super) state: bool,
    /// Their use of resources.
    pub(super) usage: bool,
    /// Events.
    pub(super) event: bool,
}

impl Topics {
    /// Those of a list `state,usage,event`; states without a list. Unknown topics are ignored.
    pub(super) fn of(list: Option<&str>) -> Self {
        let list = list.unwrap_or("state");
        let has = |topic: &str| list.split(',').any(|name| name.trim() == topic);
        Self {
            state: has("state"),
            usage: has("usage"),
            event: has("event"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let topics = |state, usage, event| Topics {
            state,
            usage,
            event,
        };
        for (list, expected) in [
            (None, topics(true, false, false)),
            (Some("state,usage,event"), topics(true, true, true)),
            (Some("event, usage"), topics(false, true, true)),
            (Some("states"), topics(false, false, false)),
        ] {
            assert_eq!(Topics::of(list), expected, "{list:?}");
        }
    }
}
