//! Basic authentication: the users of a listener, checked on every path (spec interfaces 1.4).
//!
//! The original has one user per listener, who may do everything; a `[web_user:x]` (ours) has a
//! role. A wrong name takes as long as a wrong password: all names and all passwords that are
//! quick to compare are compared, and where any user's password is slow to verify, exactly one
//! slow verification is done before a login is refused. Refusals are delayed by [`throttle`].

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha1::{Digest as _, Sha1};
use subtle::{Choice, ConstantTimeEq as _};
use tokio::time::sleep;
use visord_config::{HttpConfig, WebUser};
use visord_logs::workers::Workers;

use crate::answer::Refusal;
use crate::caller::{Caller, Right};
use crate::clock;
use crate::connections::Peer;

mod argon;
pub mod throttle;

use argon::{Argon, QueueFull, VerificationQueues};
use throttle::{Delay, LoginKey, Throttle};

/// The users of a listener; never empty.
#[derive(Clone)]
pub struct Users(Vec<User>);

/// Name and password are compared as digests of one length, so that the time of a comparison
/// reveals nothing about either, not even its length.
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
    /// Of the lower-case hex SHA-1 of the password, which a `{SHA}` password is.
    Quick(Fingerprint),
    /// An `{ARGON2}` password; `None` if nothing can match it.
    Slow(Option<Arc<Argon>>),
}

/// Why a login fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// No credentials, or a scheme other than Basic: 401.
    NoCredentials,
    /// A wrong name or password: 401 after a delay.
    Wrong(LoginKey),
    /// Too many others wait to be verified: 503 after a delay.
    Busy,
    /// Credentials that cannot be read: 400.
    Malformed,
}

impl User {
    fn new(user: &WebUser, queues: &Arc<VerificationQueues>) -> Self {
        let password = user.password.expose();
        let password = if let Some(hex) = password.strip_prefix("{SHA}") {
            Password::Quick(fingerprint(hex))
        } else if let Some(phc) = password.strip_prefix(ARGON2) {
            // `unusable` returns the reason
            Password::Slow(Argon::new(phc, queues).ok())
        } else {
            Password::Quick(hashed(password))
        };
        Self {
            name: user.name.clone(),
            right: user.role,
            username: fingerprint(&user.name),
            password,
        }
    }

    fn slow(&self) -> Option<&Arc<Argon>> {
        match &self.password {
            Password::Slow(argon) => argon.as_ref(),
            Password::Quick(_) => None,
        }
    }

    /// Whether it is the user's password, if that can be checked quickly.
    fn has(&self, hashed: &Fingerprint) -> Choice {
        match &self.password {
            Password::Quick(stored) => stored.ct_eq(hashed),
            Password::Slow(_) => Choice::from(0),
        }
    }
}

impl Users {
    /// All users of a configured listener; `None` if it requires no password.
    pub fn of(config: &HttpConfig) -> Option<Self> {
        let queues = &Arc::default();
        let users = config.users.iter();
        let all: Vec<User> = users.map(|user| User::new(user, queues)).collect();
        (!all.is_empty()).then_some(Self(all))
    }

    /// The names of the users whose password can never be matched, and why.
    pub fn unusable(config: &HttpConfig) -> Vec<(String, String)> {
        let queues = Arc::default();
        let why = |password: &str| Argon::new(password.strip_prefix(ARGON2)?, &queues).err();
        let users = config.users.iter();
        users
            .filter_map(|user| Some((user.name.clone(), why(user.password.expose())?)))
            .collect()
    }

    /// The caller that a request's `Authorization` header identifies. `delay` is that of a first
    /// failure.
    ///
    /// # Errors
    /// The refusal of a failed login, when it is time to send it.
    pub async fn log_in(
        &self,
        headers: &HeaderMap,
        peer: Peer,
        throttle: &Throttle,
        delay: Duration,
        workers: &Workers,
    ) -> Result<Caller, Refusal> {
        let delayed = match self.check(headers, peer, throttle, workers).await {
            Ok(caller) => return Ok(caller),
            Err(Denial::NoCredentials) => return Err(Refusal::unauthorized()),
            Err(Denial::Malformed) => return Err(StatusCode::BAD_REQUEST.into()),
            Err(Denial::Wrong(key)) => throttle.refuse(key, delay, clock::instant()),
            Err(Denial::Busy) => Delay::too_long(delay),
        };
        sleep(delayed.wait).await;
        Err(if delayed.is_busy {
            Refusal::too_many_logins()
        } else {
            Refusal::unauthorized()
        })
    }

    /// Checks the `Authorization` header of a request. Slow only where there are `{ARGON2}`
    /// passwords, and not for one that was verified before.
    async fn check(
        &self,
        headers: &HeaderMap,
        peer: Peer,
        throttle: &Throttle,
        workers: &Workers,
    ) -> Result<Caller, Denial> {
        let encoded = headers.get(AUTHORIZATION).and_then(basic);
        let encoded = encoded.ok_or(Denial::NoCredentials)?;
        let (username, password) = decode(encoded).ok_or(Denial::Malformed)?;
        let key = throttle.key(&username, peer);
        match self.find(&username, password, key, throttle, workers).await {
            Ok(Some(user)) => Ok(Caller {
                user: Some(user.name.clone()),
                right: user.right,
                token: String::new(),
            }),
            Ok(None) => Err(Denial::Wrong(key)),
            Err(QueueFull) => Err(Denial::Busy),
        }
    }

    /// The user with this name and password.
    async fn find(
        &self,
        username: &str,
        password: String,
        key: LoginKey,
        throttle: &Throttle,
        workers: &Workers,
    ) -> Result<Option<&User>, QueueFull> {
        let (presented, hashed) = (fingerprint(username), hashed(&password));
        // every user is compared, whether or not one was found
        let mut found = None;
        let mut named = None;
        for user in &self.0 {
            let is_named = user.username.ct_eq(&presented);
            if (is_named & user.has(&hashed)).into() {
                found = Some(user);
            }
            if is_named.into() {
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
        let any = self.0.iter().find_map(|user| Some((user, user.slow()?)));
        let Some((user, argon)) = named.or(any) else {
            return Ok(None);
        };
        let verifying = throttle.verify(key, clock::instant()).ok_or(QueueFull)?;
        let (is_own, is_trusted) = (named.is_some(), verifying.is_trusted);
        let is_right = argon.verify(password, is_own, is_trusted, workers).await?;
        Ok(is_right.then_some(user))
    }
}

fn fingerprint(text: &str) -> Fingerprint {
    Sha1::digest(text).into()
}

/// The fingerprint of a password's lower-case hex SHA-1.
fn hashed(password: &str) -> Fingerprint {
    use std::fmt::Write as _;
    let mut hex = String::new();
    for byte in fingerprint(password) {
        // writing to a String cannot fail
        let _ = write!(hex, "{byte:02x}");
    }
    fingerprint(&hex)
}

/// The credentials of a Basic header, whose scheme may be in any case.
fn basic(value: &HeaderValue) -> Option<&[u8]> {
    let (scheme, rest) = value.as_bytes().split_at_checked(6)?;
    let encoded = rest.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"basic ") && !encoded.is_empty()).then_some(encoded)
}

/// Base64 as the original reads it: bytes outside the alphabet are skipped (spec interfaces 1.4).
fn decode(encoded: &[u8]) -> Option<(String, String)> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
    );
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let letters: Vec<u8> = encoded.iter().copied().filter(is_letter).collect();
    let text = String::from_utf8(LENIENT.decode(letters).ok()?).ok()?;
    let (username, password) = text.split_once(':')?;
    Some((username.to_owned(), password.to_owned()))
}

#[cfg(test)]
pub(crate) mod tests;
