//! Where a server is: what `serverurl` says (spec interfaces 4.2, difference Q40).

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use super::Login;

/// The port of `http://host` (spec interfaces 4.2).
const DEFAULT_PORT: u16 = 80;
/// The port of `https://host`.
const DEFAULT_TLS_PORT: u16 = 443;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// TCP.
    Tcp {
        /// Name or address; an IPv6 address without brackets.
        host: String,
        /// 1..=65535
        port: u16,
        /// With TLS; the server must prove to be `host`.
        tls: bool,
    },
    /// A unix socket.
    Unix(PathBuf),
}

impl Address {
    /// The value of the `Host` header.
    pub fn host_header(&self) -> String {
        match self {
            Self::Tcp { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
            Self::Tcp { host, port, .. } => format!("{host}:{port}"),
            Self::Unix(_) => "localhost".to_owned(),
        }
    }
}

/// A server URL taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUrl {
    /// Where to connect to.
    pub address: Address,
    /// Name and password written into the URL.
    pub login: Option<Login>,
}

const NO_SCHEME: &str = "none of http://, https:// and unix://";
const NOWHERE: &str = "no host or path";
const NO_PORT: &str = "the port is not a number from 1 to 65535";

impl ServerUrl {
    /// Read `http://[user:password@]host[:port][/ignored]`, the same with `https://`, or
    /// `unix://path`.
    ///
    /// # Errors
    /// Why the text is not a URL of a server; schemes are in lower case.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(path) = text.strip_prefix("unix://") {
            if path.is_empty() {
                return Err(NOWHERE);
            }
            return Ok(Self {
                address: Address::Unix(PathBuf::from(path)),
                login: None,
            });
        }
        let (rest, default_port) = match text.strip_prefix("https://") {
            Some(rest) => (rest, DEFAULT_TLS_PORT),
            None => {
                let rest = text.strip_prefix("http://").ok_or(NO_SCHEME)?;
                (rest, DEFAULT_PORT)
            }
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => {
                // the password may be absent
                let (username, password) = login.split_once(':').unwrap_or((login, ""));
                let login = Login {
                    username: percent_decode(username),
                    password: percent_decode(password),
                };
                (Some(login), place)
            }
            None => (None, authority),
        };
        let (host, port) = split_place(place, default_port)?;
        if host.is_empty() {
            return Err(NOWHERE);
        }
        let address = Address::Tcp {
            host: host.to_owned(),
            port,
            tls: default_port == DEFAULT_TLS_PORT,
        };
        Ok(Self { address, login })
    }
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
fn split_place(place: &str, default_port: u16) -> Result<(&str, u16), &'static str> {
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or(NOWHERE)?;
        match after.strip_prefix(':') {
            Some(port) => (host, port),
            None if after.is_empty() => (host, ""),
            None => return Err(NO_PORT),
        }
    } else {
        place.rsplit_once(':').unwrap_or((place, ""))
    };
    if port.is_empty() {
        return Ok((host, default_port));
    }
    match port.parse() {
        Ok(port) if port > 0 => Ok((host, port)),
        Ok(_) | Err(_) => Err(NO_PORT),
    }
}

/// `%XX` to bytes; anything that is not such an escape stays as it is.
fn percent_decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inet(host: &str, port: u16, tls: bool) -> Address {
        let host = host.to_owned();
        Address::Tcp { host, port, tls }
    }

    fn tcp(host: &str, port: u16) -> Address {
        inet(host, port, false)
    }

    fn tls(host: &str, port: u16) -> Address {
        inet(host, port, true)
    }

    #[test]
    fn urls_are_taken_apart() {
        for (text, address) in [
            ("http://localhost:9001", tcp("localhost", 9001)),
            ("http://localhost:9001/RPC2", tcp("localhost", 9001)),
            ("http://h", tcp("h", 80)),
            ("http://h:", tcp("h", 80)),
            ("http://[::1]:9001", tcp("::1", 9001)),
            ("http://[::1]/x", tcp("::1", 80)),
            ("https://h", tls("h", 443)),
            ("https://[::1]:80/x", tls("::1", 80)),
            ("unix:///tmp/s.sock", Address::Unix("/tmp/s.sock".into())),
            ("unix://rel/s.sock", Address::Unix("rel/s.sock".into())),
        ] {
            let url = ServerUrl::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!((url.address, url.login), (address, None), "{text}");
        }
    }

    #[test]
    fn bad_urls_say_what_is_wrong() {
        for (text, wrong) in [
            ("HTTP://h", NO_SCHEME),
            ("HTTPS://h", NO_SCHEME),
            ("https://", NOWHERE),
            ("unix:/x", NO_SCHEME),
            ("", NO_SCHEME),
            ("unix://", NOWHERE),
            ("http://", NOWHERE),
            ("http://:9001", NOWHERE),
            ("http://h:0", NO_PORT),
            ("http://h:x", NO_PORT),
            ("http://[::1]x", NO_PORT),
        ] {
            assert_eq!(ServerUrl::parse(text), Err(wrong), "{text}");
        }
    }

    #[test]
    fn credentials_in_the_url() {
        let url = ServerUrl::parse("http://us%40er:p:w%zz@h:1/x").expect("a url");
        let login = url.login.as_ref().expect("a login");
        assert_eq!((&*login.username, &*login.password), ("us@er", "p:w%zz"));
        assert_eq!(url.address, tcp("h", 1));
        assert!(!format!("{url:?}").contains("p:w"), "never shown");
    }

    #[test]
    fn host_headers() {
        assert_eq!(tcp("::1", 9).host_header(), "[::1]:9");
        assert_eq!(tcp("h", 9).host_header(), "h:9");
        assert_eq!(Address::Unix("/x".into()).host_header(), "localhost");
    }
}
