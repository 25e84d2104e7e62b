//! Which site a request is from (difference Q25).
//!
//! Scripts send no browser headers and are admitted. A browser names the site that made a request;
//! if it is another one, nothing is changed on its behalf. Where no password protects a TCP
//! listener, a host name that an attacker may point at this machine (DNS rebinding) is refused too.

use std::net::{Ipv4Addr, Ipv6Addr};

use actix_web::http::header::{ACCEPT_LANGUAGE, HOST, HeaderMap, HeaderName, ORIGIN, REFERER};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a browser says that the request was made by another site.
///
/// Only `Sec-Fetch-Site` counts where it is sent: no page can forge it, and it stays right behind
/// a proxy that rewrites `Host`. Older browsers send `Origin` or `Referer`.
pub fn is_foreign(headers: &HeaderMap, allowed_hosts: &[String]) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return !matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(from) = headers.get(ORIGIN).or_else(|| headers.get(REFERER)) else {
        return false;
    };
    let authority = from.to_str().ok().and_then(authority);
    let Some((authority, host)) = authority.and_then(|it| Some((it, host_of(it)?))) else {
        return true;
    };
    let own = headers.get(HOST).and_then(|host| host.to_str().ok());
    let is_own = own.is_some_and(|own| same_authority(own, authority));
    !is_own && !is_listed(host, allowed_hosts)
}

/// Whether a browser made the request at all. All browsers send `Accept-Language`, and no page
/// can keep them from it; of the tools that scripts use hardly any does.
pub fn is_browser(headers: &HeaderMap) -> bool {
    names_site(headers) || headers.contains_key(ACCEPT_LANGUAGE)
}

/// Whether a browser made the request without naming a site: for a link or a picture on a page
/// that forbids `Referer`, over plain HTTP to an address other than loopback, where browsers send
/// no `Sec-Fetch-Site`.
pub fn is_unexplained(headers: &HeaderMap) -> bool {
    is_browser(headers) && !names_site(headers)
}

fn names_site(headers: &HeaderMap) -> bool {
    [SEC_FETCH_SITE, ORIGIN, REFERER]
        .iter()
        .any(|name| headers.contains_key(name))
}

/// Whether a listener without password may be called by this `Host`; `own_name` is the
/// machine's name. A request without `Host` is not from a browser.
pub fn may_be_called(headers: &HeaderMap, own_name: &str, allowed_hosts: &[String]) -> bool {
    let Some(value) = headers.get(HOST) else {
        return true;
    };
    let Some(host) = value.to_str().ok().and_then(host_of) else {
        return false;
    };
    let short = own_name.split('.').next().unwrap_or(own_name);
    host.is_empty()
        || host.parse::<Ipv4Addr>().is_ok()
        || host.trim_matches(['[', ']']).parse::<Ipv6Addr>().is_ok()
        || [own_name, short, "localhost"]
            .iter()
            .any(|name| !name.is_empty() && host.eq_ignore_ascii_case(name))
        || is_listed(host, allowed_hosts)
}

fn is_listed(host: &str, allowed_hosts: &[String]) -> bool {
    allowed_hosts
        .iter()
        .any(|allowed| host.eq_ignore_ascii_case(allowed))
}

/// `host[:port]` of an absolute URL.
fn authority(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.split(['/', '?', '#']).next()
}

/// The host of `host[:port]`; an IPv6 literal keeps its brackets. `None` for anything else, for
/// example with a user's name (`127.0.0.1:80@evil.example`).
fn host_of(authority: &str) -> Option<&str> {
    let end = match authority.strip_prefix('[') {
        // the brackets are not part of the literal
        Some(literal) => literal.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(end);
    let is_host = match host.strip_prefix('[') {
        Some(literal) => literal.strip_suffix(']')?.parse::<Ipv6Addr>().is_ok(),
        // bytes beyond ASCII are names that a client did not encode
        None => host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-._~%".contains(c) || !c.is_ascii()),
    };
    let digits = port.strip_prefix(':');
    let is_port =
        port.is_empty() || digits.is_some_and(|digits| digits.chars().all(|c| c.is_ascii_digit()));
    (is_host && is_port).then_some(host)
}

/// Equal but for the case and a port that browsers leave out.
fn same_authority(a: &str, b: &str) -> bool {
    let bare = |authority: &str| {
        let bare = authority.strip_suffix(":80");
        let bare = bare.or(authority.strip_suffix(":443"));
        bare.unwrap_or(authority).to_ascii_lowercase()
    };
    bare(a) == bare(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, HeaderValue::from_str(value).unwrap())
            })
            .collect()
    }

    #[test]
    fn evidence_of_another_site() {
        let allowed = ["proxy.example".to_owned()];
        for (pairs, foreign) in [
            (&[("host", "a")][..], false),
            (&[("host", "a"), ("sec-fetch-site", "same-origin")], false),
            (&[("host", "a"), ("sec-fetch-site", "none")], false),
            (&[("host", "a"), ("sec-fetch-site", "same-site")], true),
            (&[("host", "a"), ("sec-fetch-site", "cross-site")], true),
            (
                &[
                    ("host", "b"),
                    ("sec-fetch-site", "same-origin"),
                    ("origin", "https://a"),
                ],
                false,
            ),
            (&[("host", "a:9001"), ("origin", "http://A:9001")], false),
            (&[("host", "a"), ("origin", "http://a:80")], false),
            (&[("host", "a:9001"), ("origin", "http://a:9002")], true),
            (&[("host", "a"), ("origin", "null")], true),
            (&[("host", "a"), ("origin", "http://b")], true),
            (&[("host", "a"), ("origin", "https://proxy.example")], false),
            (&[("host", "a"), ("referer", "http://a/index.html")], false),
            (&[("host", "a"), ("referer", "http://b/a/")], true),
            (
                &[
                    ("host", "a"),
                    ("origin", "http://b"),
                    ("referer", "http://a/"),
                ],
                true,
            ),
            (&[("origin", "http://b")], true),
            (&[("host", "a"), ("origin", "http://a@proxy.example")], true),
            (&[("host", "a@b"), ("origin", "http://a@b")], true),
        ] {
            assert_eq!(is_foreign(&headers(pairs), &allowed), foreign, "{pairs:?}");
        }
    }

    #[test]
    fn browsers_that_say_nothing() {
        for (pairs, browser, unexplained) in [
            (&[("host", "a"), ("user-agent", "curl/8")][..], false, false),
            (&[("accept-language", "en")], true, true),
            (&[("accept-language", "")], true, true),
            (
                &[("accept-language", "en"), ("referer", "http://a/")],
                true,
                false,
            ),
            (
                &[("accept-language", "en"), ("sec-fetch-site", "none")],
                true,
                false,
            ),
            (&[("origin", "null")], true, false),
        ] {
            let headers = headers(pairs);
            assert_eq!(is_browser(&headers), browser, "{pairs:?}");
            assert_eq!(is_unexplained(&headers), unexplained, "{pairs:?}");
        }
    }

    #[test]
    fn names_of_an_open_listener() {
        let allowed = ["super.example".to_owned()];
        for (host, fine) in [
            ("127.0.0.1:9001", true),
            ("[::1]:9001", true),
            ("[::1]", true),
            ("LocalHost", true),
            ("box", true),
            ("box.lan:80", true),
            ("Super.Example:1", true),
            ("evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.evil.example", false),
            ("", true),
            ("127.0.0.1:80@evil.example", false),
            ("localhost@evil.example", false),
            ("localhost:@evil.example", false),
            ("localhost:9001:80", false),
            ("localhost:x", false),
            ("localhost/evil", false),
            ("[::1]evil.example", false),
            ("[::1]:80@evil.example", false),
            ("[::1", false),
            ("[localhost]", false),
        ] {
            let headers = headers(&[("host", host)]);
            assert_eq!(may_be_called(&headers, "box.lan", &allowed), fine, "{host}");
        }
        assert!(may_be_called(&headers(&[]), "box", &[]));
    }
}
