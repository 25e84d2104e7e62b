//! `{ARGON2}` passwords: slow to verify on purpose, so each right password is verified once.
//!
//! A verification takes tens of milliseconds and megabytes. A listener has two lanes, each with
//! one verification at a time: one for users and addresses without failures, one for those that
//! failed before. Each rests after a wrong password for longer than it took, so that guessers use
//! up neither a core nor the memory, and the queue of each is bounded. What was right is remembered
//! as a digest under a key that exists only in this process; not per connection, because
//! supervisorctl and most libraries open a new connection for every command. Who knows the
//! password therefore never waits behind guessers, except for the first time.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::rt;
use argon2::Argon2;
use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use sha1::{Digest as _, Sha1};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use visord_actors::workers::Workers;

/// Verifications that may wait in a lane.
const QUEUE: usize = 32;

/// How long a lane rests after a wrong password, in times of the verification.
const REST: u32 = 2;

/// One stored password. Cheap to clone; clones share what they remember.
#[derive(Clone)]
pub(crate) struct Argon(Arc<Inner>);

struct Inner {
    hash: PasswordHash,
    key: [u8; 32],
    known: Mutex<Option<[u8; 20]>>,
    verifier: Arc<Verifier>,
}

/// What verifies for a listener.
#[derive(Debug, Default)]
pub(crate) struct Verifier {
    trusted: Lane,
    suspect: Lane,
}

#[derive(Debug)]
struct Lane {
    turn: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// Too many verifications wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Default for Lane {
    fn default() -> Self {
        Self {
            turn: Arc::new(Semaphore::new(1)),
            waiting: AtomicUsize::new(0),
        }
    }
}

impl Verifier {
    /// Verify when it is this one's turn. What has begun goes on though the client leaves: the
    /// turn is its until it has waited after a wrong password.
    async fn verify(
        self: &Arc<Self>,
        is_trusted: bool,
        workers: &Workers,
        verify: impl FnOnce() -> bool + Send + 'static,
    ) -> Result<bool, Full> {
        let lane = if is_trusted {
            &self.trusted
        } else {
            &self.suspect
        };
        let place = lane.enter().ok_or(Full)?;
        // it is never closed
        let turn = Arc::clone(&lane.turn)
            .acquire_owned()
            .await
            .map_err(|_| Full)?;
        drop(place);
        let workers = workers.clone();
        let verified = rt::spawn(async move {
            let began = Instant::now();
            // a verification that did not end has not found the password right
            let is_right = workers.run(verify).await.unwrap_or(false);
            if !is_right {
                rt::spawn(async move {
                    sleep(began.elapsed() * REST).await;
                    drop(turn);
                });
            }
            is_right
        });
        Ok(verified.await.unwrap_or(false))
    }
}

/// One that waits in a lane.
struct Waiting<'a>(&'a AtomicUsize);

impl Lane {
    fn enter(&self) -> Option<Waiting<'_>> {
        let waiting = Waiting(&self.waiting);
        // dropping it counts it out again
        (self.waiting.fetch_add(1, Ordering::Relaxed) < QUEUE).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why a stored password can never be matched.
#[derive(Debug)]
pub enum Unusable {
    /// It is no PHC string.
    Malformed(argon2::password_hash::phc::Error),
    /// The system has no randomness.
    NoRandomness(io::Error),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "the {{ARGON2}} password is malformed: {error}"),
            Self::NoRandomness(error) => write!(f, "no randomness: {error}"),
        }
    }
}

impl std::error::Error for Unusable {}

impl Argon {
    /// Of the PHC string after `{ARGON2}`.
    pub(crate) fn new(phc: &str, verifier: &Arc<Verifier>) -> Result<Self, Unusable> {
        let hash = PasswordHash::new(phc).map_err(Unusable::Malformed)?;
        let mut key = [0; 32];
        File::open("/dev/urandom")
            .and_then(|mut source| source.read_exact(&mut key))
            .map_err(Unusable::NoRandomness)?;
        Ok(Self(Arc::new(Inner {
            hash,
            key,
            known: Mutex::new(None),
            verifier: Arc::clone(verifier),
        })))
    }

    /// Whether this password was found to be right before.
    pub(crate) fn is_known(&self, presented: &str) -> bool {
        let known = self.0.known();
        known.is_some_and(|known| known.ct_eq(&self.0.digest(presented)).into())
    }

    /// Whether the password is right.
    pub(crate) async fn fits(
        &self,
        presented: String,
        is_trusted: bool,
        workers: &Workers,
    ) -> Result<bool, Full> {
        let inner = Arc::clone(&self.0);
        let verify = move || inner.verify_and_remember(&presented);
        self.0.verifier.verify(is_trusted, workers, verify).await
    }

    /// Take as long as for a wrong password.
    pub(crate) async fn pretend(
        &self,
        presented: String,
        is_trusted: bool,
        workers: &Workers,
    ) -> Result<(), Full> {
        let inner = Arc::clone(&self.0);
        let verify = move || {
            // what comes of it does not matter
            let _ = inner.verify(&presented);
            false
        };
        self.0
            .verifier
            .verify(is_trusted, workers, verify)
            .await
            .map(drop)
    }

    /// While these are held, no password can be verified.
    #[cfg(test)]
    pub(crate) async fn occupied(&self) -> [tokio::sync::OwnedSemaphorePermit; 2] {
        let Verifier { trusted, suspect } = &*self.0.verifier;
        let turn = async |lane: &Lane| Arc::clone(&lane.turn).acquire_owned().await.unwrap();
        [turn(trusted).await, turn(suspect).await]
    }
}

impl Inner {
    fn known(&self) -> Option<[u8; 20]> {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn digest(&self, presented: &str) -> [u8; 20] {
        let inner = Sha1::new().chain_update(self.key).chain_update(presented);
        // hashed twice: a digest cannot be extended to that of a longer password
        let inner = inner.finalize();
        let outer = Sha1::new().chain_update(self.key).chain_update(inner);
        outer.finalize().into()
    }

    /// Slow.
    fn verify(&self, presented: &str) -> bool {
        Argon2::default()
            .verify_password(presented.as_bytes(), &self.hash)
            .is_ok()
    }

    /// Slow.
    fn verify_and_remember(&self, presented: &str) -> bool {
        let right = self.verify(presented);
        if right {
            let digest = self.digest(presented);
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            *known = Some(digest);
        }
        right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argon() -> Argon {
        Argon::new(super::super::tests::ARGON2, &Arc::default()).unwrap()
    }

    #[actix::test]
    async fn right_once_is_known() {
        let (argon, workers) = (argon(), Workers::start().unwrap());
        assert!(!argon.is_known("secret"));
        let turns = argon.occupied().await;
        let right = tokio::task::spawn_local({
            let argon = argon.clone();
            async move { argon.fits("secret".into(), true, &workers).await }
        });
        tokio::task::yield_now().await;
        assert!(!right.is_finished());
        drop(turns);
        assert_eq!(right.await.unwrap(), Ok(true));
        assert!(argon.is_known("secret"));
        assert!(!argon.is_known("secret2"));
    }

    #[actix::test]
    async fn the_queue_is_bounded_and_others_do_not_wait_in_it() {
        let (argon, workers) = (argon(), Workers::start().unwrap());
        let turns = argon.occupied().await;
        let guesses: Vec<_> = (0..QUEUE + 1)
            .map(|_| {
                let (argon, workers) = (argon.clone(), workers.clone());
                tokio::task::spawn_local(async move {
                    argon.fits("guess".into(), false, &workers).await
                })
            })
            .collect();
        tokio::task::yield_now().await;
        let refused = guesses.iter().filter(|guess| guess.is_finished()).count();
        assert_eq!(refused, 1);
        let [trusted, _suspect] = turns;
        drop(trusted);
        let right = argon.fits("secret".into(), true, &workers).await;
        assert_eq!(right, Ok(true));
        guesses.iter().for_each(tokio::task::JoinHandle::abort);
    }
}
