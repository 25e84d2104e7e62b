//! `{ARGON2}` passwords: slow to verify on purpose, so each right password is verified once.
//!
//! A verification takes tens of milliseconds and megabytes. It runs on a blocking thread, at
//! most a few of them per listener ([`turns`]), so that guessers can use up neither the HTTP thread
//! nor the memory. What was right is remembered as a digest under a key that exists only in
//! this process; not per connection, because supervisorctl and most libraries open a new
//! connection for every command. Who knows the password therefore never waits behind guessers,
//! except for the first time.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use sha1::{Digest as _, Sha1};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use visord_actors::workers::Workers;

/// Verifications at the same time, per listener.
const AT_ONCE: usize = 2;

/// One stored password. Cheap to clone; clones share what they remember.
#[derive(Clone)]
pub(crate) struct Argon(Arc<Inner>);

struct Inner {
    hash: PasswordHash,
    key: [u8; 32],
    known: Mutex<Option<[u8; 20]>>,
    turns: Arc<Semaphore>,
}

/// Whose turn it is to verify, of all users of a listener.
pub(crate) fn turns() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(AT_ONCE))
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
    pub(crate) fn new(phc: &str, turns: &Arc<Semaphore>) -> Result<Self, Unusable> {
        let hash = PasswordHash::new(phc).map_err(Unusable::Malformed)?;
        let mut key = [0; 32];
        File::open("/dev/urandom")
            .and_then(|mut source| source.read_exact(&mut key))
            .map_err(Unusable::NoRandomness)?;
        Ok(Self(Arc::new(Inner {
            hash,
            key,
            known: Mutex::new(None),
            turns: Arc::clone(turns),
        })))
    }

    /// Whether the password is right.
    pub(crate) async fn fits(&self, presented: String, workers: &Workers) -> bool {
        if let Some(known) = self.0.known()
            && known.ct_eq(&self.0.digest(&presented)).into()
        {
            return true;
        }
        self.slowly(workers, move |inner| inner.verify_and_remember(&presented))
            .await
    }

    /// Take as long as for a wrong password.
    pub(crate) async fn pretend(&self, presented: String, workers: &Workers) {
        self.slowly(workers, move |inner| inner.verify(&presented))
            .await;
    }

    /// While it is held, nobody can verify.
    #[cfg(test)]
    pub(crate) async fn occupied(&self) -> tokio::sync::OwnedSemaphorePermit {
        let turns = Arc::clone(&self.0.turns);
        let all = turns.acquire_many_owned(AT_ONCE as u32);
        all.await.expect("never closed")
    }

    async fn slowly(
        &self,
        workers: &Workers,
        verify: impl FnOnce(&Inner) -> bool + Send + 'static,
    ) -> bool {
        // the semaphore is never closed
        let _turn = self.0.turns.acquire().await.ok();
        let inner = Arc::clone(&self.0);
        let verified = workers.run(move || verify(&inner)).await;
        // a verification that did not end has not found the password right
        verified.unwrap_or(false)
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

    #[actix::test]
    async fn right_once_is_right_without_another_verification() {
        let argon = Argon::new(super::super::tests::ARGON2, &turns()).unwrap();
        let turns = argon.0.turns.acquire_many(2).await.unwrap();
        let workers = Workers::start().unwrap();
        let right = tokio::spawn({
            let (argon, workers) = (argon.clone(), workers.clone());
            async move { argon.fits("secret".into(), &workers).await }
        });
        tokio::task::yield_now().await;
        assert!(!right.is_finished());
        drop(turns);
        assert!(right.await.unwrap());
        // nobody can verify now
        let _turns = argon.0.turns.acquire_many(2).await.unwrap();
        assert!(argon.fits("secret".into(), &workers).await);
        let wrong = argon.fits("secret2".into(), &workers);
        let soon = std::time::Duration::from_millis(1);
        assert!(tokio::time::timeout(soon, wrong).await.is_err());
    }
}
