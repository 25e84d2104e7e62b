//! Counts calls and requests for `/metrics`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the histogram, in microseconds.
const BOUNDS: [u64; 12] = [
    100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 100_000, 500_000, 2_500_000, 10_000_000,
];

/// Label of unknown methods: callers can invent names, so these are not labels.
const UNKNOWN: &str = "unknown";

/// Label of methods of another server (`[rpcinterface:x]` with `url`).
const FORWARDED: &str = "forwarded";

/// The calls of one method.
#[derive(Debug, Default)]
pub struct Meter {
    /// By bound, the last for longer calls.
    counts: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
    faults: AtomicU64,
}

/// All counters. Only names of the method table are labels.
#[derive(Debug)]
pub struct Meters {
    /// By namespace and name, with the label.
    methods: BTreeMap<(&'static str, &'static str), (String, Meter)>,
    /// Calls of methods of another server.
    pub forwarded: Meter,
    /// Calls of methods that do not exist.
    pub unknown: Meter,
    /// Responses by the first digit of their status.
    answers: [AtomicU64; 5],
}

impl Meters {
    /// Counters for methods, given by namespace and name.
    pub fn new(methods: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        let row = |(namespace, name)| {
            let label = format!("{namespace}.{name}");
            ((namespace, name), (label, Meter::default()))
        };
        Self {
            methods: methods.into_iter().map(row).collect(),
            forwarded: Meter::default(),
            unknown: Meter::default(),
            answers: Default::default(),
        }
    }

    /// The meter of a method of the table, by its namespace and name.
    pub fn of(&self, namespace: &'static str, name: &'static str) -> &Meter {
        let known = self.methods.get(&(namespace, name));
        known.map_or(&self.unknown, |(_, meter)| meter)
    }

    /// Counts a response with this status.
    pub fn answered(&self, status: u16) {
        if let Some(count) = self.answers.get(usize::from(status / 100).wrapping_sub(1)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Responses by status: `2xx` and their number.
    pub fn answers(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"];
        let counts = self.answers.iter().map(|c| c.load(Ordering::Relaxed));
        classes.into_iter().zip(counts)
    }

    /// The methods that were called since the start, with their calls.
    pub fn methods(&self) -> impl Iterator<Item = (&str, &Meter)> {
        let ours = self.methods.values();
        ours.map(|(label, meter)| (label.as_str(), meter))
            .chain([(FORWARDED, &self.forwarded), (UNKNOWN, &self.unknown)])
            .filter(|(_, meter)| meter.count() > 0)
    }
}

impl Meter {
    /// Counts a call.
    pub fn called(&self, took: Duration, fault: bool) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // a bound includes itself
        let place = BOUNDS.partition_point(|bound| *bound < micros);
        self.counts[place].fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
        if fault {
            self.faults.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The number of calls.
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|c| c.load(Ordering::Relaxed)).sum()
    }

    /// Bounds in seconds, each with the number of calls that took no longer.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let mut below = 0;
        BOUNDS.iter().zip(&self.counts).map(move |(bound, count)| {
            below += count.load(Ordering::Relaxed);
            (Duration::from_micros(*bound).as_secs_f64(), below)
        })
    }

    /// The total time of all calls in seconds.
    pub fn seconds(&self) -> f64 {
        Duration::from_nanos(self.nanos.load(Ordering::Relaxed)).as_secs_f64()
    }

    /// The number of calls that ended with a fault.
    pub fn faults(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_method_and_time() {
        let meters = Meters::new([("supervisor", "getState")]);
        assert_eq!(meters.methods().count(), 0);
        let state = meters.of("supervisor", "getState");
        state.called(Duration::from_micros(100), false);
        state.called(Duration::from_micros(101), true);
        state.called(Duration::from_secs(60), false);
        // the name of a caller is no label
        let other = meters.of("system", "getState");
        other.called(Duration::ZERO, true);
        meters.unknown.called(Duration::ZERO, true);
        meters.forwarded.called(Duration::ZERO, false);
        let called: Vec<(&str, u64)> = meters.methods().map(|(n, m)| (n, m.count())).collect();
        assert_eq!(
            called,
            [("supervisor.getState", 3), ("forwarded", 1), ("unknown", 2)]
        );
        let (_, meter) = meters.methods().next().unwrap();
        let buckets: Vec<u64> = meter.buckets().map(|(_, count)| count).collect();
        assert_eq!(buckets, [1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
        assert_eq!(meter.faults(), 1);
        assert!((meter.seconds() - 60.000_201).abs() < 1e-6);
    }

    #[test]
    fn answers_are_counted_by_class() {
        let meters = Meters::new([("supervisor", "getState")]);
        for status in [200, 204, 503, 0, 999] {
            meters.answered(status);
        }
        let counts: Vec<u64> = meters.answers().map(|(_, count)| count).collect();
        assert_eq!(counts, [0, 2, 0, 0, 1]);
    }
}
