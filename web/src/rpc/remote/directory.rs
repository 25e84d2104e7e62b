//! What another server said about its methods, remembered for a while.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use visord_xmlrpc::Value;

use crate::rpc::method::Failure;

/// How long an answer is believed.
const BELIEVED: Duration = Duration::from_secs(30);

/// How long a server that gave none is left alone.
const SPARED: Duration = Duration::from_secs(2);

/// Answers kept.
const MOST: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Directory(Mutex<BTreeMap<String, Entry>>);

#[derive(Debug)]
struct Entry {
    until: Instant,
    answer: Result<Value, Failure>,
}

impl Directory {
    pub(super) fn known(&self, key: &str) -> Option<Result<Value, Failure>> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(key)?;
        (Instant::now() < entry.until).then(|| entry.answer.clone())
    }

    pub(super) fn learn(&self, key: String, answer: Result<Value, Failure>) {
        let now = Instant::now();
        let until = now + if answer.is_ok() { BELIEVED } else { SPARED };
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
            directory.learn(number.to_string(), Ok(Value::Int(1)));
        }
        assert_eq!(directory.0.lock().unwrap().len(), MOST);
        assert!(directory.known("0").is_some());
        assert!(directory.known("nothing").is_none());
    }
}
