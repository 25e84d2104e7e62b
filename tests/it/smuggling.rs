//! Requests that two servers in a row could understand differently, and paths that could lead
//! past the password.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::harness::{Daemon, free_port};

/// Of `me:secret`.
const LOGIN: &str = "Authorization: Basic bWU6c2VjcmV0\r\n";

const CALL: &str = "<methodCall><methodName>supervisor.getState</methodName></methodCall>";

fn daemon() -> (Daemon, u16) {
    let port = free_port();
    let inet = format!("[inet_http_server]\nport=127.0.0.1:{port}\nusername=me\npassword=secret\n");
    (Daemon::with("", &inet), port)
}

/// Send this, then a request that ends the connection; the statuses of all answers.
fn statuses(port: u16, bytes: &str) -> Vec<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connect");
    let last = format!("GET /ok.html HTTP/1.1\r\nHost: a\r\n{LOGIN}Connection: close\r\n\r\n");
    // a server that has refused the first part may have closed already
    let _ = stream.write_all(bytes.as_bytes());
    let _ = stream.write_all(last.as_bytes());
    let mut answers = Vec::new();
    // the end of a connection that was refused may be rude
    let _ = stream.read_to_end(&mut answers);
    let answers = String::from_utf8_lossy(&answers).into_owned();
    let heads = answers.split("HTTP/1.1 ").skip(1);
    heads.map(|head| head.chars().take(3).collect()).collect()
}

/// A second request inside of what is the body of the first, or is not: there is one answer for
/// each request that we have understood, or the connection ends with a refusal.
#[test]
fn no_request_hides_in_another() {
    let (_daemon, port) = daemon();
    let inner = format!("GET /ok.html HTTP/1.1\r\nHost: a\r\n{LOGIN}\r\n");
    let length = CALL.len();
    let post = |headers: String, body: &str| {
        format!("POST /RPC2 HTTP/1.1\r\nHost: a\r\n{LOGIN}{headers}\r\n{body}")
    };
    let chunked = format!("{length:x}\r\n{CALL}\r\n0\r\n\r\n");
    // bodies of their own size are no requests, whatever is in them
    for whole in [
        post(format!("Content-Length: {length}\r\n"), CALL),
        post("Transfer-Encoding: chunked\r\n".into(), &chunked),
        format!(
            "GET / HTTP/1.1\r\nHost: a\r\n{LOGIN}Content-Length: {}\r\n\r\n{inner}",
            inner.len()
        ),
        format!(
            "GET / HTTP/1.1\r\nHost: a\r\n{LOGIN}Transfer-Encoding: chunked\r\n\r\n\
             {:x}\r\n{inner}\r\n0\r\n\r\n",
            inner.len()
        ),
    ] {
        assert_eq!(statuses(port, &whole), ["200", "200"], "{whole}");
    }
    for headers in [
        format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n"),
        format!("Content-Length: 0\r\nContent-Length: {length}\r\n"),
        format!("Content-Length: {length}, {length}\r\n"),
        format!("Content-Length: +{length}\r\n"),
        "Content-Length: -1\r\n".into(),
        "Content-Length: 0x10\r\n".into(),
        format!("Content-Length : {length}\r\n"),
        "Transfer-Encoding: xchunked\r\n".into(),
        "Transfer-Encoding: chunked, identity\r\n".into(),
        "Transfer-Encoding: \u{b}chunked\r\n".into(),
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n".into(),
        format!("Content-Length: {length}\r\nX: a\r\n b\r\n"),
    ] {
        let refused = post(headers.clone(), &format!("{chunked}{inner}"));
        assert_eq!(statuses(port, &refused), ["400"], "{headers}");
    }
    // the body of one that is not let in is no request either
    let stranger = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{inner}",
        inner.len()
    );
    let answers = statuses(port, &stranger);
    assert!(answers[0] == "401" && answers.len() <= 2, "{answers:?}");
}

#[test]
fn no_path_leads_past_the_password() {
    let (_daemon, port) = daemon();
    for path in [
        "/",
        "/ok.html",
        "/RPC2",
        "/live",
        "/metrics",
        "/stylesheets/supervisor.css",
        "/healthz/",
        "//healthz",
        "/healthz;x",
        "/%68ealthz",
        "/healthz%2f..%2findex.html",
        "/healthz/../index.html",
        "/index.html?/healthz",
        "/index.html#/healthz",
        "*",
        "http://a/index.html",
    ] {
        // each is judged by itself
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(statuses(port, &request)[0], "401", "{path}");
    }
    let healthy = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(statuses(port, healthy), ["200", "200"]);
    // text of a request comes back in no header
    for path in [
        "/index.html?action=stop&processname=%0d%0aSet-Cookie:%20a=b",
        "/stylesheets%0d%0aX:%20y",
        "/?message=%0d%0a%0d%0aHTTP/1.1%20200",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n{LOGIN}Connection: close\r\n\r\n");
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connect");
        stream.write_all(request.as_bytes()).expect("ask");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, _) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(!head.contains("a=b") && !head.contains("\r\nX:"), "{head}");
    }
}
