//! What another server said about its methods, kept for a while.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use visord_model::fault::Fault;
use visord_xmlrpc::Value;

use crate::clock;

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(30);

/// How long a server that gave none is not asked again.
const RETRY: Duration = Duration::from_secs(2);

/// Answers kept.
const MOST: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Directory(Mutex<BTreeMap<String, Entry>>);

#[derive(Debug)]
struct Entry {
    until: Instant,
    answer: Result<Value, Fault>,
}

impl Directory {
    pub(super) fn find(&self, key: &str) -> Option<Result<Value, Fault>> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(key)?;
        (clock::instant() < entry.until).then(|| entry.answer.clone())
    }

    pub(super) fn keep(&self, key: String, answer: Result<Value, Fault>) {
        let now = clock::instant();
        let until = now + if answer.is_ok() { KEPT } else { RETRY };
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MOST {
            entries.retain(|_, entry| now < entry.until);
        }
        if entries.len() < MOST {
            entries.insert(key, Entry { until, answer });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounded() {
        let directory = Directory::default();
        for number in 0..2 * MOST {
            directory.keep(number.to_string(), Ok(Value::Int(1)));
        }
        assert_eq!(directory.0.lock().unwrap().len(), MOST);
        assert!(directory.find("0").is_some());
        assert!(directory.find("nothing").is_none());
    }
}
