//! `{ARGON2}` passwords: slow to verify on purpose, so each right password is verified once.
//!
//! A verification takes tens of milliseconds and megabytes. A listener has two queues, each with
//! one verification at a time: one for users and addresses without failures, one for those that
//! failed before. Each pauses after a wrong password for longer than the verification took, so
//! that guessing uses up neither a core nor the memory, and the length of each is bounded. A right
//! password is remembered as a digest under a key that exists only in this process; not per
//! connection, because supervisorctl and most libraries open a new connection for every command.
//! A client with the right password therefore never waits behind guesses, except the first time.

use std::sync::Arc;

use actix_web::rt;
use argon2::Argon2;
use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use parking_lot::Mutex;
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use visord_logs::workers::Workers;

use crate::clock;
use crate::session::Key;

/// Verifications that may wait in a queue.
const MOST_WAITING: usize = 32;

/// Pause of a queue after a wrong password, in multiples of the verification.
const PAUSE: u32 = 2;

/// One stored password.
pub(crate) struct Argon {
    hash: PasswordHash,
    key: Key,
    known: Mutex<Option<[u8; 32]>>,
    queues: Arc<VerificationQueues>,
}

/// The verifications of a listener: those of suspects, then those of the trusted.
pub(crate) type VerificationQueues = [VerificationQueue; 2];

#[derive(Debug)]
pub(crate) struct VerificationQueue {
    turn: Arc<Semaphore>,
    /// For those that wait.
    places: Semaphore,
}

/// Too many verifications wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueueFull;

impl Default for VerificationQueue {
    fn default() -> Self {
        Self {
            turn: Arc::new(Semaphore::new(1)),
            places: Semaphore::new(MOST_WAITING),
        }
    }
}

impl Argon {
    /// Of the PHC string after `{ARGON2}`.
    ///
    /// # Errors
    /// Why it can never be matched.
    pub(crate) fn new(phc: &str, queues: &Arc<VerificationQueues>) -> Result<Arc<Self>, String> {
        let hash = PasswordHash::new(phc)
            .map_err(|error| format!("the {{ARGON2}} password is malformed: {error}"))?;
        let key = Key::random().map_err(|error| format!("no randomness: {error}"))?;
        Ok(Arc::new(Self {
            hash,
            key,
            known: Mutex::new(None),
            queues: Arc::clone(queues),
        }))
    }

    /// Whether this password was verified before.
    pub(crate) fn is_known(&self, presented: &str) -> bool {
        let known = *self.known.lock();
        known.is_some_and(|known| known.ct_eq(&self.digest(presented)).into())
    }

    /// Verifies a password when its queue permits. For another user than that of this password
    /// (`is_own` is false) it only takes as long: the password is wrong. What has begun continues
    /// when the client leaves: the queue is blocked until the pause after a wrong password ends.
    pub(crate) async fn verify(
        self: &Arc<Self>,
        presented: String,
        is_own: bool,
        is_trusted: bool,
        workers: &Workers,
    ) -> Result<bool, QueueFull> {
        let queue = &self.queues[usize::from(is_trusted)];
        let place = queue.places.try_acquire().map_err(|_| QueueFull)?;
        // it is never closed
        let turn = Arc::clone(&queue.turn).acquire_owned().await;
        let turn = turn.map_err(|_| QueueFull)?;
        drop(place);
        let (inner, workers) = (Arc::clone(self), workers.clone());
        let verified = rt::spawn(async move {
            let began = clock::instant();
            let verification = workers.run(move || inner.try_now(&presented, is_own));
            // a verification that did not complete has not found the password right
            let is_right = verification.await.unwrap_or(false);
            if !is_right {
                rt::spawn(async move {
                    sleep(began.elapsed() * PAUSE).await;
                    drop(turn);
                });
            }
            is_right
        });
        Ok(verified.await.unwrap_or(false))
    }

    fn digest(&self, presented: &str) -> [u8; 32] {
        self.key.digest(&[presented.as_bytes()])
    }

    /// Slow. Remembers the password if it is right.
    fn try_now(&self, presented: &str, is_own: bool) -> bool {
        let verified = Argon2::default().verify_password(presented.as_bytes(), &self.hash);
        let is_right = is_own && verified.is_ok();
        if is_right {
            *self.known.lock() = Some(self.digest(presented));
        }
        is_right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Argon {
        /// While these are held, no password can be verified.
        pub(crate) async fn occupied(&self) -> [tokio::sync::OwnedSemaphorePermit; 2] {
            let [suspect, trusted] = &*self.queues;
            let turn = async |queue: &VerificationQueue| {
                Arc::clone(&queue.turn).acquire_owned().await.unwrap()
            };
            [turn(trusted).await, turn(suspect).await]
        }
    }

    fn argon() -> Arc<Argon> {
        Argon::new(super::super::tests::ARGON2, &Arc::default()).unwrap()
    }

    #[actix::test]
    async fn right_once_is_known() {
        let (argon, workers) = (argon(), Workers::start().unwrap());
        assert!(!argon.is_known("secret"));
        let turns = argon.occupied().await;
        let right = tokio::task::spawn_local({
            let argon = argon.clone();
            async move { argon.verify("secret".into(), true, true, &workers).await }
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
        let guesses: Vec<_> = (0..MOST_WAITING + 1)
            .map(|_| {
                let (argon, workers) = (argon.clone(), workers.clone());
                tokio::task::spawn_local(async move {
                    argon.verify("guess".into(), true, false, &workers).await
                })
            })
            .collect();
        tokio::task::yield_now().await;
        let refused = guesses.iter().filter(|guess| guess.is_finished()).count();
        assert_eq!(refused, 1);
        let [trusted, _suspect] = turns;
        drop(trusted);
        let right = argon.verify("secret".into(), true, true, &workers).await;
        assert_eq!(right, Ok(true));
        guesses.iter().for_each(tokio::task::JoinHandle::abort);
    }
}
