//! The session of a browser, and the token of its forms (difference Q25).
//!
//! A session is a random name in a cookie. Nothing is stored about it: the token of a form is a
//! keyed digest of the session's name and the user's, under a key that exists only in this run
//! of the daemon. So a token is worthless in another session, for another user, or after a
//! restart, and sessions take no memory.
//!
//! Browsers keep cookies by host, not by port. The cookie's name contains the port, and even where
//! two daemons share a name (behind one proxy), each accepts a session that the other began:
//! it is only a name, from which each makes its own tokens.

use std::fs::File;
use std::io::{self, Read as _};
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::header::{COOKIE, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use visord_config::{HttpConfig, ListenAddress};

/// Bytes of a session's name.
const NAME: usize = 16;

/// Creates sessions and tokens.
pub struct Sessions {
    key: Key,
    begun: AtomicU64,
}

/// The session a request belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    name: String,
    /// It begins with the response to this request.
    is_new: bool,
}

impl Sessions {
    /// With a key of its own.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            key: Key::random()?,
            begun: AtomicU64::new(0),
        })
    }

    /// The session that the cookie of this name holds, or a new one.
    pub fn of(&self, headers: &HeaderMap, cookie: &str) -> Session {
        let known = name_in_cookie(headers, cookie);
        Session {
            is_new: known.is_none(),
            name: known.unwrap_or_else(|| self.begin()),
        }
    }

    /// A name that cannot be guessed: the digest of a number that is never used again.
    fn begin(&self) -> String {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let digest = self.key.digest(&[b"session", &number.to_be_bytes()]);
        URL_SAFE_NO_PAD.encode(&digest[..NAME])
    }

    /// The token of the forms of this user in this session.
    pub fn token(&self, session: &Session, user: Option<&str>) -> String {
        let known = [u8::from(user.is_some())];
        let user = user.unwrap_or_default().as_bytes();
        let digest = self
            .key
            .digest(&[b"form", session.name.as_bytes(), &known, user]);
        URL_SAFE_NO_PAD.encode(digest)
    }
}

/// A key that exists only in this process.
pub(crate) struct Key([u8; 32]);

impl Key {
    pub(crate) fn random() -> io::Result<Self> {
        let mut key = [0; 32];
        File::open("/dev/urandom")?.read_exact(&mut key)?;
        Ok(Self(key))
    }

    /// The digest of several texts, of which only the last may vary in length.
    pub(crate) fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        // a key may have any length
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            unreachable!("HMAC takes keys of any length");
        };
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// The session's name in a cookie, if it has the right form.
fn name_in_cookie(headers: &HeaderMap, cookie: &str) -> Option<String> {
    let lines = headers
        .get_all(COOKIE)
        .filter_map(|value| value.to_str().ok());
    let mut pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == cookie)?;
    let decoded = URL_SAFE_NO_PAD.decode(value).ok()?;
    (decoded.len() == NAME).then(|| value.to_owned())
}

/// The name of a listener's cookie. With the prefix `__Host-` browsers let no other server on the
/// host or its parent domains set it; that requires TLS.
pub fn cookie_name(config: &HttpConfig) -> String {
    match (&config.address, &config.tls) {
        (ListenAddress::Inet { port, .. }, Some(_)) => format!("__Host-visord-{port}"),
        (ListenAddress::Inet { port, .. }, None) => format!("visord-{port}"),
        (ListenAddress::Unix { .. }, _) => "visord".to_owned(),
    }
}

/// The `Set-Cookie` that begins a session; `None` for one that has begun.
///
/// `Lax`: browsers send it when a link on another site is followed, or the response would begin a
/// new session and the forms of all open pages would become invalid. They do not send it with a
/// form that another site posts.
pub fn set_cookie(session: &Session, cookie: &str) -> Option<String> {
    let is_secure = cookie.starts_with("__Host-");
    let secure = if is_secure { "; Secure" } else { "" };
    let name = session.is_new.then_some(&session.name)?;
    Some(format!(
        "{cookie}={name}; Path=/; HttpOnly; SameSite=Lax{secure}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn headers(cookies: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in cookies {
            headers.append(COOKIE, HeaderValue::from_str(line).unwrap());
        }
        headers
    }

    #[test]
    fn a_browser_that_brings_a_session_keeps_it() {
        let sessions = Sessions::new().unwrap();
        let first = sessions.of(&headers(&[]), "visord-1");
        let cookie = set_cookie(&first, "visord-1").unwrap();
        let (pair, flags) = cookie.split_once("; ").unwrap();
        assert_eq!(flags, "Path=/; HttpOnly; SameSite=Lax");
        let name = pair.strip_prefix("visord-1=").unwrap();
        let expected = Session {
            name: name.to_owned(),
            is_new: false,
        };
        for lines in [
            &[pair][..],
            &["a=b; c", &format!("x=y;{pair}; visord-1=other")],
        ] {
            let again = sessions.of(&headers(lines), "visord-1");
            assert_eq!(again, expected);
            assert_eq!(set_cookie(&again, "visord-1"), None);
            assert_eq!(sessions.token(&again, None), sessions.token(&first, None));
        }
    }

    #[test]
    fn what_is_no_session_of_ours_begins_one() {
        let sessions = Sessions::new().unwrap();
        let mut names = std::collections::BTreeSet::new();
        for line in [
            "",
            "visord-2=AAAAAAAAAAAAAAAAAAAAAA",
            "visord-1=",
            "visord-1=AAAA",
            "visord-1=AAAAAAAAAAAAAAAAAAAAA!",
            "visord-1=AAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            let Session { name, is_new: true } = sessions.of(&headers(&[line]), "visord-1") else {
                panic!("{line}");
            };
            assert!(names.insert(name));
        }
    }

    #[test]
    fn a_token_is_of_one_session_one_user_and_one_run() {
        let (run, other_run) = (Sessions::new().unwrap(), Sessions::new().unwrap());
        let session = run.of(&headers(&[]), "c");
        let other = run.of(&headers(&[]), "c");
        let tokens = [
            run.token(&session, None),
            run.token(&session, Some("")),
            run.token(&session, Some("anna")),
            run.token(&session, Some("bert")),
            run.token(&other, Some("anna")),
            other_run.token(&session, Some("anna")),
        ];
        let different: std::collections::BTreeSet<&String> = tokens.iter().collect();
        assert_eq!(different.len(), tokens.len());
    }

    #[test]
    fn names_of_cookies() {
        let mut config = HttpConfig {
            section: "inet_http_server".into(),
            address: ListenAddress::Inet {
                host: String::new(),
                port: 9001,
            },
            users: Vec::new(),
            allowed_hosts: Vec::new(),
            max_body: 1,
            tls: None,
        };
        assert_eq!(cookie_name(&config), "visord-9001");
        config.tls = Some(visord_config::TlsConfig {
            cert: "c".into(),
            key: "k".into(),
            client_ca: None,
        });
        let name = cookie_name(&config);
        assert_eq!(name, "__Host-visord-9001");
        let cookie = set_cookie(
            &Session {
                name: "x".into(),
                is_new: true,
            },
            &name,
        )
        .unwrap();
        assert_eq!(
            cookie,
            "__Host-visord-9001=x; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        config.address = ListenAddress::Unix {
            path: "/s".into(),
            mode: 0o700,
            owner: visord_config::Ownership::default(),
        };
        assert_eq!(cookie_name(&config), "visord");
    }
}
