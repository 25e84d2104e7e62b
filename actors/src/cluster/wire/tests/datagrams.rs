//! Announcements.

use super::*;
use crate::cluster::wire::supvisors::datagram;

const CAPTURED: &str = r#"[4, {"identifier": "capa:9152", "nick_identifier": "s\u00e92", "host_id": "capa", "http_port": 9152, "stereotypes": ["web", "core"]}]"#;

#[test]
fn the_datagram_of_the_original() {
    let candidate = Candidate {
        identifier: "capa:9152".into(),
        nick: "sé2".into(),
        host: "capa".into(),
        port: 9152,
        stereotypes: vec!["web".into(), "core".into()],
    };
    assert_eq!(datagram(&candidate), CAPTURED);
    assert_eq!(read_datagram(CAPTURED.as_bytes()), Ok(candidate));
    let least = r#"[4, {"identifier": "h:80", "nick_identifier": "n", "http_port": 80}]"#;
    let read = read_datagram(least.as_bytes()).expect("an announcement");
    assert_eq!((&*read.host, read.stereotypes.len()), ("h", 0));
}

#[test]
fn datagrams_that_are_none() {
    for (bytes, wrong) in [
        (&b"\xff"[..], "not JSON"),
        (b"{}", "the message of the text is not a list"),
        (b"[3, {}]", "unknown message type 3"),
        (b"[4, []]", "announcement of the message"),
        (b"[4, {}]", "announcement has no identifier"),
        (
            br#"[4, {"identifier": "h:81", "nick_identifier": "n", "http_port": 80}]"#,
            "identifier of announcement is not host and port",
        ),
        (
            br#"[4, {"identifier": "h:80", "nick_identifier": "n", "http_port": 65536}]"#,
            "http_port of announcement",
        ),
        (
            br#"[4, {"identifier": "h:80", "nick_identifier": "n", "http_port": 80, "stereotypes": 1}]"#,
            "stereotypes of announcement is not a list",
        ),
        (&[b' '; 1024], "more than 1023 bytes"),
    ] {
        let error = read_datagram(bytes).expect_err("no announcement");
        assert!(error.to_string().starts_with(wrong), "{error}");
    }
}
