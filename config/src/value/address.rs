//! Where servers listen.

use std::path::Path;

use visord_model::pyrepr::repr;

use super::path::normalize;
use super::scalar::parse_int;
use crate::dialect::is_space;
use crate::types::{ListenAddress, Ownership, SyslogAddress};

/// `port`, `:port`, `*:port` or `host:port`: the host in lower case (empty: every
/// interface) and the port. `[::1]:9001` names an IPv6 host, returned without brackets.
///
/// # Errors
/// As spec core 1.8, inet address.
pub fn parse_inet_address(text: &str) -> Result<(String, u16), String> {
    let Some((host, port)) = text.rsplit_once(':') else {
        let port = parse_int(text).ok().and_then(|port| check_port(port).ok());
        return port
            .map(|port| (String::new(), port))
            .ok_or_else(|| format!("not a valid port number: {} ", repr(text)));
    };
    if port.is_empty() {
        return Err(format!("no port number specified in {}", repr(port)));
    }
    let port = check_port(parse_int(port)?)?;
    let host = host.to_lowercase();
    let host = match host.as_str() {
        "*" => "",
        host => host
            .strip_prefix('[')
            .and_then(|inside| inside.strip_suffix(']'))
            .unwrap_or(host),
    };
    Ok((host.to_owned(), port))
}

/// A TCP port.
///
/// # Errors
/// `0 is below lower bound (1)`, `70000 is above upper bound (65535)`
pub fn check_port(port: i64) -> Result<u16, String> {
    match u16::try_from(port) {
        Ok(port) if port > 0 => Ok(port),
        Ok(_) | Err(_) if port < 1 => Err(format!("{port} is below lower bound (1)")),
        Ok(_) | Err(_) => Err(format!("{port} is above upper bound (65535)")),
    }
}

/// `unix:///absolute/path` or `tcp://host:port`: the path without `.` and `..`, the host in lower
/// case. `unix_only`: there are options that only a unix socket has.
///
/// # Errors
/// As spec core 1.11.2, without the ` in [<section>] socket` after it.
pub fn parse_fcgi_socket(text: &str, unix_only: bool) -> Result<ListenAddress, String> {
    let bad = || format!("('Bad socket format %s', {})", repr(text));
    if let Some(path) = text.strip_prefix("unix://") {
        if !path.starts_with('/') {
            let path = repr(path);
            return Err(format!(
                "('Unix socket path %s is not an absolute path', {path})"
            ));
        }
        return Ok(ListenAddress::Unix {
            path: normalize(Path::new(path)),
            mode: 0,
            owner: Ownership::default(),
        });
    }
    let address = text.strip_prefix("tcp://").ok_or_else(bad)?;
    let (host, port) = address.split_once(':').ok_or_else(bad)?;
    let plain = !host.is_empty() && !host.contains(is_space);
    if !plain || port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad());
    }
    let port = parse_int(port)?;
    if unix_only {
        let message =
            "socket_owner and socket_mode params should only be used with a Unix domain socket";
        return Err(message.to_owned());
    }
    Ok(ListenAddress::Inet {
        host: host.to_lowercase(),
        port: check_port(port)?,
    })
}

/// The port that syslog has everywhere.
const SYSLOG_PORT: u16 = 514;

/// An absolute path, `udp://host[:port]` or `tcp://host[:port]`; the port is 514 if none is
/// named.
///
/// # Errors
/// `'log' is not an absolute path, udp://host[:port] or tcp://host[:port]`, or what is wrong
/// with the port.
pub fn parse_syslog_address(text: &str) -> Result<SyslogAddress, String> {
    let bad = || {
        let shown = repr(text);
        format!("{shown} is not an absolute path, udp://host[:port] or tcp://host[:port]")
    };
    if text.starts_with('/') {
        if text == "/dev/log" {
            return Ok(SyslogAddress::Local);
        }
        return Ok(SyslogAddress::Unix(normalize(Path::new(text))));
    }
    let (make, rest): (fn(String, u16) -> SyslogAddress, _) =
        match (text.strip_prefix("udp://"), text.strip_prefix("tcp://")) {
            (Some(rest), _) => (SyslogAddress::Udp, rest),
            (None, Some(rest)) => (SyslogAddress::Tcp, rest),
            (None, None) => return Err(bad()),
        };
    // the colons of an IPv6 address are no port
    let ends_in_host = rest.ends_with(']') || !rest.contains(':');
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !ends_in_host => (host, check_port(parse_int(port)?)?),
        Some(_) | None => (rest, SYSLOG_PORT),
    };
    let inside = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let host = inside.unwrap_or(host);
    if host.is_empty() || host.contains(is_space) || host.contains('/') {
        return Err(bad());
    }
    Ok(make(host.to_lowercase(), port))
}
