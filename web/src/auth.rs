//! Basic authentication: the users of a listener, checked on every path (spec interfaces 1.4).
//!
//! The original has one user per listener, who may do everything; a `[web_user:x]` (ours) has a
//! role. However many there are, a wrong name takes as long as a wrong password: all names and
//! all passwords that are quick to compare are compared, and where any user's password is slow
//! to verify, exactly one slow verification takes place before a login is refused.

use std::sync::Arc;

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha1::{Digest as _, Sha1};
use subtle::{Choice, ConstantTimeEq as _};
use tokio::time::Instant;
use visord_actors::workers::Workers;
use visord_config::{Credentials, HttpConfig};

use crate::caller::{Caller, Right};
use crate::connections::Peer;

mod argon;
pub mod throttle;

pub use argon::Unusable;
use argon::{Argon, Full, Verifier};
use throttle::{Key, Throttle};

/// Everybody who may use a listener; never empty.
#[derive(Clone)]
pub struct Users(Vec<User>);

/// Name and password as they are compared: as digests of one length, so that the time of a
/// comparison says nothing about either, not even how long it is.
#[derive(Clone)]
struct User {
    name: String,
    right: Right,
    username: Fingerprint,
    password: Password,
}

/// Before a PHC string (ours).
const ARGON2: &str = "{ARGON2}";

type Fingerprint = [u8; 20];

#[derive(Clone)]
enum Password {
    Plain(Fingerprint),
    /// Of the lower-case hex SHA-1 in a `{SHA}` password.
    Hashed(Fingerprint),
    /// Of an `{ARGON2}` password.
    Slow(Argon),
    /// An `{ARGON2}` password that nothing can match.
    Unusable,
}

impl std::fmt::Debug for Users {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Users(<redacted>)")
    }
}

/// What an `Authorization` header amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A right name and password.
    Welcome(Caller),
    /// No credentials, or a scheme other than Basic: 401.
    Unknown,
    /// A wrong name or password: 401 after a wait.
    Wrong(Key),
    /// Too many others wait to be verified: 503 after a wait.
    Busy,
    /// Credentials that cannot be read: 400.
    Garbled,
}

impl User {
    fn new(name: &str, password: &str, right: Right, verifier: &Arc<Verifier>) -> Self {
        let stored = if let Some(hex) = password.strip_prefix("{SHA}") {
            Password::Hashed(fingerprint(hex.as_bytes()))
        } else if let Some(phc) = password.strip_prefix(ARGON2) {
            // `complaints` tells why
            Argon::new(phc, verifier).map_or(Password::Unusable, Password::Slow)
        } else {
            Password::Plain(fingerprint(password.as_bytes()))
        };
        Self {
            name: name.to_owned(),
            right,
            username: fingerprint(name.as_bytes()),
            password: stored,
        }
    }

    fn slow(&self) -> Option<&Argon> {
        match &self.password {
            Password::Slow(argon) => Some(argon),
            Password::Plain(_) | Password::Hashed(_) | Password::Unusable => None,
        }
    }
}

impl Users {
    /// All users of a configured listener; `None`: it asks for no password.
    #[must_use]
    pub fn of(config: &HttpConfig) -> Option<Self> {
        let verifier = &Arc::new(Verifier::default());
        let own = config.credentials.iter();
        let own =
            own.map(|own| User::new(&own.username, own.password.expose(), Right::Admin, verifier));
        let more = config.users.iter();
        let more = more.map(|user| {
            let right = user.role.into();
            User::new(&user.name, user.password.expose(), right, verifier)
        });
        let all: Vec<User> = own.chain(more).collect();
        (!all.is_empty()).then_some(Self(all))
    }

    /// The names of the users who will never be let in, and why.
    #[must_use]
    pub fn complaints(config: &HttpConfig) -> Vec<(String, Unusable)> {
        let own = config.credentials.iter();
        let own = own.map(|Credentials { username, password }| (username, password));
        let more = config.users.iter().map(|user| (&user.name, &user.password));
        let verifier = Arc::default();
        let why = |password: &str| Argon::new(password.strip_prefix(ARGON2)?, &verifier).err();
        own.chain(more)
            .filter_map(|(name, password)| Some((name.clone(), why(password.expose())?)))
            .collect()
    }

    /// Judge the `Authorization` header of a request. Takes time only where there are
    /// `{ARGON2}` passwords, and not for one that was verified before.
    pub async fn check(
        &self,
        headers: &HeaderMap,
        peer: Peer,
        throttle: &Throttle,
        workers: &Workers,
    ) -> Verdict {
        let Some(value) = headers.get(AUTHORIZATION) else {
            return Verdict::Unknown;
        };
        let Some(encoded) = basic(value.as_bytes()) else {
            return Verdict::Unknown;
        };
        let Some((username, password)) = decode(encoded) else {
            return Verdict::Garbled;
        };
        let key = throttle.key(&username, peer);
        match self.find(&username, password, key, throttle, workers).await {
            Ok(Some(user)) => Verdict::Welcome(Caller {
                user: Some(user.name.clone()),
                right: user.right,
                token: String::new(),
            }),
            Ok(None) => Verdict::Wrong(key),
            Err(Full) => Verdict::Busy,
        }
    }

    /// The user of this name and password.
    async fn find(
        &self,
        username: &str,
        password: String,
        key: Key,
        throttle: &Throttle,
        workers: &Workers,
    ) -> Result<Option<&User>, Full> {
        let presented = Presented::new(username, &password);
        // every user is looked at, whether or not one was found
        let mut found = None;
        let mut named = None;
        for user in &self.0 {
            let is_named: bool = presented.names(user).into();
            if (presented.names(user) & presented.fits(user)).into() {
                found = Some(user);
            }
            if is_named {
                named = Some(user);
            }
        }
        if found.is_some() {
            return Ok(found);
        }
        let named = named.and_then(|user| Some((user, user.slow()?)));
        if let Some((user, argon)) = named
            && argon.is_known(&password)
        {
            return Ok(Some(user));
        }
        // for a name without a slow password it takes as long as if it had one
        let Some(any) = self.0.iter().find_map(User::slow) else {
            return Ok(None);
        };
        let verifying = throttle.verify(key, Instant::now()).ok_or(Full)?;
        match named {
            Some((user, argon)) => {
                let is_right = argon.fits(password, verifying.is_trusted, workers).await?;
                Ok(is_right.then_some(user))
            }
            None => any
                .pretend(password, verifying.is_trusted, workers)
                .await
                .map(|()| None),
        }
    }
}

/// What a client claims to know, as it is compared.
struct Presented {
    username: Fingerprint,
    password: Fingerprint,
    hashed: Fingerprint,
}

impl Presented {
    fn new(username: &str, password: &str) -> Self {
        let digest = fingerprint(password.as_bytes());
        Self {
            username: fingerprint(username.as_bytes()),
            password: digest,
            hashed: fingerprint(hex(&digest).as_bytes()),
        }
    }

    fn names(&self, user: &User) -> Choice {
        user.username.ct_eq(&self.username)
    }

    /// Whether it is the user's password, if that can be told quickly.
    fn fits(&self, user: &User) -> Choice {
        match &user.password {
            Password::Plain(stored) => stored.ct_eq(&self.password),
            Password::Hashed(stored) => stored.ct_eq(&self.hashed),
            Password::Slow(_) | Password::Unusable => Choice::from(0),
        }
    }
}

fn fingerprint(bytes: &[u8]) -> Fingerprint {
    Sha1::digest(bytes).into()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        // writing to a String cannot fail
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The credentials of a Basic header, whose scheme may be in any case.
fn basic(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(6)?;
    let encoded = rest.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"basic ") && !encoded.is_empty()).then_some(encoded)
}

/// Base64 as the original reads it: bytes outside the alphabet are skipped (spec A6).
fn decode(encoded: &[u8]) -> Option<(String, String)> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
    );
    let letters: Vec<u8> = encoded
        .iter()
        .copied()
        .filter(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
        .collect();
    let text = String::from_utf8(LENIENT.decode(letters).ok()?).ok()?;
    let (username, password) = text.split_once(':')?;
    Some((username.to_owned(), password.to_owned()))
}

#[cfg(test)]
pub(crate) mod tests;
