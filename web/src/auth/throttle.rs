//! Limits how fast passwords can be guessed: each refusal of one user from one address is later.
//!
//! A right password is never delayed, so clients that guess lock out no user. The memory has a
//! fixed size: users and addresses share slots by a hash under a key of this process. Two in one
//! slot delay each other's refusals, nothing else; and no client can make the server forget
//! another's failures.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::connections::Peer;

/// Slots for pairs of user and address.
const SLOTS: usize = 4096;

/// The delay doubles with each failure until it is this many times the first.
const LONGEST: u32 = 8;

/// A refusal that would be later than this many times the first delay is sent then, without
/// revealing whether the password was right.
const TOO_LATE: u32 = 16;

/// Refusals of one user from one address within the first delay.
const WITHIN_FIRST: u32 = 10;

/// Failures are forgotten after this time without one.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// Slow verifications for one user and address at a time, including those that wait.
const VERIFYING: u8 = 2;

/// The failures of all users and addresses. Times are parameters; nothing here reads a clock.
#[derive(Debug)]
pub struct Throttle {
    hasher: RandomState,
    slots: Mutex<Box<[Failures]>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Failures {
    failures: u32,
    last: Option<Instant>,
    /// When the next refusal may come.
    free_at: Option<Instant>,
    verifying: u8,
}

/// A user from an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginKey(usize);

/// When a refusal is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    /// Time until then.
    pub wait: Duration,
    /// Too many refusals wait already: the client should try again later.
    pub is_busy: bool,
}

/// A slow verification, until this is dropped.
#[derive(Debug)]
pub struct Verifying<'a> {
    throttle: &'a Throttle,
    key: LoginKey,
    /// This user and address have no failures and no other verification.
    pub is_trusted: bool,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            slots: Mutex::new(vec![Failures::default(); SLOTS].into()),
        }
    }
}

impl Throttle {
    /// The key of a user name as it was presented, whether or not it exists.
    pub fn key(&self, user: &str, peer: Peer) -> LoginKey {
        let peer = match peer {
            // a client with one address of a network can use all of it
            Peer::Address(IpAddr::V6(address)) => {
                Peer::Address(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into())
            }
            Peer::Address(IpAddr::V4(_)) | Peer::User(_) | Peer::Unknown => peer,
        };
        let hash = self.hasher.hash_one((user, peer));
        LoginKey(usize::try_from(hash % SLOTS as u64).unwrap_or(0))
    }

    /// Counts a failed login; `first` is the delay after a first failure.
    #[must_use]
    pub fn refuse(&self, key: LoginKey, first: Duration, now: Instant) -> Delay {
        let mut slots = self.slots.lock();
        let slot = &mut slots[key.0];
        slot.forget(now);
        let doubled = 1_u32.checked_shl(slot.failures).unwrap_or(LONGEST);
        slot.failures = slot.failures.saturating_add(1);
        slot.last = Some(now);
        let due = now + first * doubled.min(LONGEST);
        let due = slot.free_at.map_or(due, |free_at| due.max(free_at));
        let wait = due - now;
        if wait > first * TOO_LATE {
            return Delay::too_long(first);
        }
        slot.free_at = Some(due + first / WITHIN_FIRST);
        Delay {
            wait,
            is_busy: false,
        }
    }

    /// Begins a slow verification, unless there are too many of this user and address.
    #[must_use]
    pub fn verify(&self, key: LoginKey, now: Instant) -> Option<Verifying<'_>> {
        let mut slots = self.slots.lock();
        let slot = &mut slots[key.0];
        slot.forget(now);
        if slot.verifying == VERIFYING {
            return None;
        }
        let is_trusted = slot.verifying == 0 && slot.failures == 0;
        slot.verifying += 1;
        Some(Verifying {
            throttle: self,
            key,
            is_trusted,
        })
    }
}

impl Delay {
    /// That of a login that was not checked, because too many wait.
    pub fn too_long(first: Duration) -> Self {
        Self {
            wait: first * TOO_LATE,
            is_busy: true,
        }
    }
}

impl Failures {
    fn forget(&mut self, now: Instant) {
        if self.last.is_some_and(|last| now - last > FORGOTTEN) {
            self.failures = 0;
        }
    }
}

impl Drop for Verifying<'_> {
    fn drop(&mut self) {
        self.throttle.slots.lock()[self.key.0].verifying -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(250);

    fn peer(text: &str) -> Peer {
        Peer::Address(text.parse().unwrap())
    }

    #[test]
    fn refusals_come_later_each_time_and_failures_are_forgotten() {
        let throttle = Throttle::default();
        let key = throttle.key("anna", peer("10.0.0.1"));
        let mut now = Instant::now();
        for expected in [1, 2, 4, 8, 8, 8] {
            let refusal = throttle.refuse(key, FIRST, now);
            assert_eq!(refusal.wait, FIRST * expected);
            assert!(!refusal.is_busy);
            now += refusal.wait + FIRST;
        }
        now += FORGOTTEN;
        now += Duration::from_secs(1);
        assert_eq!(throttle.refuse(key, FIRST, now).wait, FIRST);
    }

    #[test]
    fn many_at_once_are_refused_one_after_the_other_or_told_to_come_back() {
        let throttle = Throttle::default();
        let key = throttle.key("anna", peer("10.0.0.1"));
        let now = Instant::now();
        let all: Vec<Delay> = (0..1000)
            .map(|_| throttle.refuse(key, FIRST, now))
            .collect();
        let told = all.iter().filter(|refusal| !refusal.is_busy);
        let mut times: Vec<Duration> = told.map(|refusal| refusal.wait).collect();
        times.sort_unstable();
        times.dedup();
        let within = |from: Duration| {
            let second = from..from + Duration::from_secs(1);
            times.iter().filter(|&time| second.contains(time)).count()
        };
        for second in 0..5 {
            assert!(within(Duration::from_secs(second)) <= 40, "{times:?}");
        }
        assert!(all.iter().all(|refusal| refusal.wait <= FIRST * TOO_LATE));
        assert!(all.iter().filter(|refusal| refusal.is_busy).count() > 800);
    }

    #[test]
    fn another_address_another_user_and_another_uid_are_not_slowed_down() {
        let throttle = Throttle::default();
        let keys = [
            throttle.key("anna", peer("10.0.0.1")),
            throttle.key("anna", peer("10.0.0.2")),
            throttle.key("bert", peer("10.0.0.1")),
            throttle.key("anna", Peer::User(0)),
            throttle.key("anna", Peer::User(1)),
            throttle.key("anna", peer("2001:db8::1")),
            throttle.key("anna", peer("2001:db8:0:1::1")),
        ];
        let same = throttle.key("anna", peer("2001:db8::2"));
        assert_eq!(same, keys[5]);
        let now = Instant::now();
        for key in keys {
            // two of few keys share one of many slots once in a long while
            let shared = keys.iter().filter(|other| **other == key).count() > 1;
            let wait = throttle.refuse(key, FIRST, now).wait;
            assert!(wait == FIRST || shared, "{keys:?}");
        }
    }

    #[test]
    fn few_verifications_of_one_user_and_address_are_under_way() {
        let throttle = Throttle::default();
        let key = throttle.key("anna", Peer::Unknown);
        let now = Instant::now();
        let first = throttle.verify(key, now).unwrap();
        let second = throttle.verify(key, now).unwrap();
        assert!(first.is_trusted && !second.is_trusted);
        assert!(throttle.verify(key, now).is_none());
        drop((first, second));
        let _ = throttle.refuse(key, FIRST, now);
        assert!(!throttle.verify(key, now).unwrap().is_trusted);
        assert!(
            throttle
                .verify(key, now + FORGOTTEN * 2)
                .unwrap()
                .is_trusted
        );
    }
}
