//! Basic authentication: one user per listener, checked on every path (spec interfaces 1.4).

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha1::{Digest as _, Sha1};
use subtle::{Choice, ConstantTimeEq as _};

mod argon;

use argon::Argon;
pub use argon::Unusable;

/// Name and password as they are compared: as digests of one length, so that the time of a
/// comparison says nothing about either, not even how long it is.
#[derive(Clone)]
pub struct Credentials {
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

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(<redacted>)")
    }
}

/// What an `Authorization` header amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The right name and password.
    Welcome,
    /// No credentials, or a scheme other than Basic: 401.
    Unknown,
    /// A wrong name or password: 401 after a wait.
    Wrong,
    /// Credentials that cannot be read: 400.
    Garbled,
}

impl Credentials {
    /// The credentials of a configured listener.
    #[must_use]
    pub fn new(config: &visord_config::Credentials) -> Self {
        let password = if let Some(hex) = config.password.strip_prefix("{SHA}") {
            Password::Hashed(fingerprint(hex.as_bytes()))
        } else if let Some(phc) = config.password.strip_prefix(ARGON2) {
            // `complaint` tells why
            Argon::new(phc).map_or(Password::Unusable, Password::Slow)
        } else {
            Password::Plain(fingerprint(config.password.as_bytes()))
        };
        Self {
            username: fingerprint(config.username.as_bytes()),
            password,
        }
    }

    /// Why nobody will ever be let in with these credentials.
    #[must_use]
    pub fn complaint(config: &visord_config::Credentials) -> Option<Unusable> {
        let phc = config.password.strip_prefix(ARGON2)?;
        Argon::new(phc).err()
    }

    /// Judge the `Authorization` header of a request. Takes time only for an `{ARGON2}`
    /// password that was not verified before.
    pub async fn check(&self, headers: &HeaderMap) -> Verdict {
        let Some(value) = headers.get(AUTHORIZATION) else {
            return Verdict::Unknown;
        };
        let Some(encoded) = basic(value.as_bytes()) else {
            return Verdict::Unknown;
        };
        let Some((username, password)) = decode(encoded) else {
            return Verdict::Garbled;
        };
        // both are always compared: a wrong name takes as long as a wrong password
        let name_fits = self.username.ct_eq(&fingerprint(username.as_bytes()));
        if (name_fits & self.password.fits(password).await).into() {
            Verdict::Welcome
        } else {
            Verdict::Wrong
        }
    }
}

impl Password {
    async fn fits(&self, presented: String) -> Choice {
        match self {
            Self::Plain(stored) => stored.ct_eq(&fingerprint(presented.as_bytes())),
            Self::Hashed(stored) => {
                let hex = hex(&fingerprint(presented.as_bytes()));
                stored.ct_eq(&fingerprint(hex.as_bytes()))
            }
            Self::Slow(argon) => argon.fits(presented).await,
            Self::Unusable => Choice::from(0),
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
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;
    use base64::engine::general_purpose::STANDARD as ENGINE;

    /// Of `secret`, as cheap as can be.
    pub(super) const ARGON2: &str =
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0$IeGl+MG6mmbDxWOXfenTiA";

    async fn verdict(password: &str, header: Option<&str>) -> Verdict {
        let credentials = Credentials::new(&visord_config::Credentials {
            username: "user".into(),
            password: password.into(),
        });
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(header).unwrap());
        }
        credentials.check(&headers).await
    }

    fn login(user: &str, password: &str) -> String {
        format!("Basic {}", ENGINE.encode(format!("{user}:{password}")))
    }

    #[actix::test]
    async fn plain_passwords() {
        for (header, expected) in [
            (None, Verdict::Unknown),
            (Some(login("user", "a:b")), Verdict::Welcome),
            (
                Some(login("user", "a:b").replace("Basic", "bASIC")),
                Verdict::Welcome,
            ),
            (
                Some(login("user", "a:b").replace("Basic ", "Basic  ")),
                Verdict::Welcome,
            ),
            (Some(login("User", "a:b")), Verdict::Wrong),
            (Some(login("user", "a:")), Verdict::Wrong),
            (Some(login("", "")), Verdict::Wrong),
            (Some("Digest username=\"user\"".into()), Verdict::Unknown),
            (Some("Bearer abc".into()), Verdict::Unknown),
            (Some("Basic".into()), Verdict::Unknown),
            (Some("Basic ".into()), Verdict::Unknown),
            (Some("Basic YQ".into()), Verdict::Garbled),
            (Some("Basic /////w==".into()), Verdict::Garbled),
            (
                Some(format!("Basic {}", ENGINE.encode("nocolon"))),
                Verdict::Garbled,
            ),
        ] {
            assert_eq!(
                verdict("a:b", header.as_deref()).await,
                expected,
                "{header:?}"
            );
        }
    }

    #[actix::test]
    async fn argon2_passwords() {
        let stored = format!("{{ARGON2}}{ARGON2}");
        for (user, password, expected) in [
            ("user", "secret", Verdict::Welcome),
            ("user", "wrong", Verdict::Wrong),
            ("user", &stored, Verdict::Wrong),
            ("User", "secret", Verdict::Wrong),
        ] {
            let header = login(user, password);
            assert_eq!(
                verdict(&stored, Some(&header)).await,
                expected,
                "{password}"
            );
        }
        let config = |password: &str| visord_config::Credentials {
            username: "user".into(),
            password: password.into(),
        };
        assert!(Credentials::complaint(&config(&stored)).is_none());
        // what cannot be read lets nobody in, not even with itself as the password
        let broken = "{ARGON2}$argon2id$v=19$m=8$x$y";
        assert!(Credentials::complaint(&config(broken)).is_some());
        for password in ["", broken, "$argon2id$v=19$m=8$x$y"] {
            let header = login("user", password);
            assert_eq!(verdict(broken, Some(&header)).await, Verdict::Wrong);
        }
    }

    #[actix::test]
    async fn hashed_passwords() {
        let stored = "{SHA}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4";
        for (password, expected) in [
            ("secret", Verdict::Welcome),
            ("wrong", Verdict::Wrong),
            (stored, Verdict::Wrong),
            (&stored[5..], Verdict::Wrong),
        ] {
            let header = login("user", password);
            assert_eq!(verdict(stored, Some(&header)).await, expected, "{password}");
        }
    }
}
