//! What supervisorctl says when it cannot talk to a server, and how it logs in: with real
//! sockets of all kinds.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::{fs, thread};

use crate::harness::{Daemon, Setup, free_port, summary};
use crate::screen::{INTERRUPT, Screen};

/// Exit code and standard output of a supervisorctl without a configuration.
fn ctl(setup: &Setup, url: &str, words: &[&str]) -> (Option<i32>, String) {
    let (code, out, err) = summary(&setup.ctl_alone(&[&["-c", "", "-s", url], words].concat(), ""));
    assert_eq!(err, "", "hints are for terminals");
    (code, out)
}

/// A server that answers every client with this and leaves; its URL.
fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a client");
            let _ = stream.write_all(answer.as_bytes());
            // until the client has gone
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    format!("http://127.0.0.1:{port}")
}

/// Runs this command against the server of this URL; the code, and texts of the one line.
fn refused(setup: &Setup, url: &str, command: &str, code: i32, expected: &[&str]) {
    let (found, out) = ctl(setup, url, &[command]);
    assert_eq!(found, Some(code), "{url}: {out}");
    for text in expected {
        assert!(out.contains(text), "{url}: {text}: {out}");
    }
    assert_eq!(out.lines().count(), 1, "{out}");
    assert!(!out.contains("secret"), "{out}");
}

#[test]
fn servers_that_cannot_be_reached() {
    let setup = Setup::new();
    let socket = setup.path("none.sock").display().to_string();
    fs::write(setup.path("file"), "text").expect("a file");
    let file = setup.path("file").display().to_string();
    let unix = |path: &str| format!("unix://{path}");
    let closed = |login: &str| format!("http://{login}127.0.0.1:{}", free_port());
    let missing = [
        "error: <class 'FileNotFoundError'>",
        "is supervisord running?",
    ];
    let refused_connection = [
        "error: <class 'ConnectionRefusedError'>",
        "nothing is listening at http://me:***@127",
    ];
    for (url, command, code, expected) in [
        (unix(&socket), "version", 7, &["no such file\n"][..]),
        (unix(&socket), "avail", 1, &missing),
        (unix(&file), "version", 4, &["refused connection\n"]),
        (
            unix(&format!("{file}/x")),
            "version",
            1,
            &["NotADirectoryError", "cannot be reached"],
        ),
        (closed(""), "version", 4, &["refused connection\n"]),
        (closed("me:secret@"), "avail", 1, &refused_connection),
        (
            "http://nowhere.invalid".to_owned(),
            "version",
            1,
            &["gaierror", "is unknown\n"],
        ),
        (
            "ftp://x".to_owned(),
            "version",
            1,
            &["Unknown protocol", "must begin with http://"],
        ),
    ] {
        refused(&setup, &url, command, code, expected);
    }
}

#[test]
fn servers_that_are_not_supervisors() {
    let setup = Setup::new();
    for (answer, expected) in [
        (
            "SSH-2.0-x\r\n",
            [
                "error: <class 'http.client.BadStatusLine'>",
                "a supervisor?\n",
            ],
        ),
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            [
                "<ProtocolError for 127.0.0.1/RPC2: 404 Not Found>",
                "a supervisor?\n",
            ],
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>",
            [
                "error: <class 'xml.parsers.expat.ExpatError'>",
                "a supervisor?\n",
            ],
        ),
    ] {
        refused(&setup, &answering(answer), "version", 1, &expected);
    }
}

#[test]
fn a_socket_that_is_not_for_everybody() {
    let setup = Setup::new();
    setup.configure("", "");
    let daemon = setup.start();
    let url = format!("unix://{}", daemon.path("s.sock").display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_supervisorctl"));
    command
        .args(["-c", "", "-s", &url, "version"])
        .current_dir("/");
    if nix::unistd::geteuid().is_root() {
        command.uid(65534).gid(65534);
    } else {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o000);
        fs::set_permissions(daemon.path("s.sock"), mode).expect("a mode");
    }
    // the user nobody must at least be able to start the program: to see its folder and file
    let Ok(output) = command.output() else {
        crate::harness::skip("the user nobody may not run supervisorctl here");
        return;
    };
    let (code, out, _) = summary(&output);
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.starts_with("error: <class 'PermissionError'>, [Errno 13] "),
        "{out}"
    );
    assert!(
        out.contains("chmod and chown in [unix_http_server]"),
        "{out}"
    );
}

/// A daemon that wants a name and a password on every kind of socket; where it listens.
fn guarded(host: &str) -> (Daemon, String) {
    let port = free_port();
    let setup = Setup::new();
    let inet = format!("[inet_http_server]\nport={host}:{port}\nusername=me\npassword=a:b\n");
    setup.configure("", &inet);
    (setup.start(), format!("http://{host}:{port}"))
}

#[test]
fn names_and_passwords() {
    let (daemon, url) = guarded("127.0.0.1");
    let setup = daemon.setup();
    assert_eq!(
        ctl(setup, &url, &["-u", "me", "-p", "a:b", "version"]),
        (Some(0), "4.3.0\n".into())
    );
    let file = daemon.path("ctl.conf");
    let text = format!("[supervisorctl]\nserverurl={url}\nusername=me\npassword=a:b\n");
    fs::write(&file, text).expect("a file");
    let words = ["-c", file.to_str().expect("a path"), "version"];
    assert_eq!(summary(&setup.ctl_alone(&words, "")).1, "4.3.0\n");
    for words in [
        &["version"][..],
        &["-u", "me", "version"],
        &["-u", "me", "-p", "wrong", "status"],
        &["-u", "me", "-p", "wrong", "avail"],
    ] {
        let (code, out) = ctl(setup, &url, words);
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!((code, lines.len()), (Some(1), 2), "{out}");
        assert_eq!(lines[0], "Server requires authentication");
        let error = "error: <class 'xmlrpc.client.ProtocolError'>, \
                     <ProtocolError for 127.0.0.1/RPC2: 401 Unauthorized>: ";
        assert!(lines[1].starts_with(error), "{out}");
        assert!(lines[1].contains("missing or wrong"), "{out}");
    }
    let (code, out) = ctl(setup, &url, &["--json", "version"]);
    let document: serde_json::Value = serde_json::from_str(&out).expect("a document");
    assert_eq!(
        (code, &document["exit_status"]),
        (Some(1), &serde_json::json!(1))
    );
    assert_eq!(document["errors"][0], "Server requires authentication");
}

#[test]
fn a_password_is_asked_for_and_not_shown() {
    let (daemon, url) = guarded("127.0.0.1");
    let open = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_supervisorctl"));
        command.args(["-c", "", "-s", &url, "-u", "me", "pid"]);
        let mut screen = Screen::start(command, "xterm");
        screen.expect("Password:");
        screen
    };
    let mut screen = open();
    screen.keys("a:b\r");
    let shown = screen.expect(&format!("{}\r\n", daemon.pid()));
    assert!(!shown.contains("a:b"), "{shown}");
    assert_eq!(screen.code(), Some(0));
    let mut screen = open();
    screen.keys("wrong\r");
    screen.expect("Server requires authentication\r\n");
    assert_eq!(screen.code(), Some(1));
    let mut screen = open();
    screen.keys(INTERRUPT);
    assert_eq!(screen.code(), Some(130));
}

#[test]
fn by_ipv6() {
    if TcpListener::bind("[::1]:0").is_err() {
        crate::harness::skip("no IPv6 here");
        return;
    }
    let (daemon, url) = guarded("[::1]");
    let address = url.replace("http://", "http://me:a%3Ab@");
    for url in [&address, &format!("{address}/")] {
        let out = ctl(daemon.setup(), url, &["version"]);
        assert_eq!(out, (Some(0), "4.3.0\n".to_owned()), "{url}");
    }
}

/// Speaking TLS with who does not, and the other way round.
#[test]
fn the_wrong_scheme() {
    let (daemon, url) = guarded("127.0.0.1");
    let secure = url.replace("http://", "https://");
    let (code, out) = ctl(daemon.setup(), &secure, &["version"]);
    assert_eq!(code, Some(1));
    let text = format!("the server does not speak TLS: {secure} must begin with http://\n");
    // a machine without any authorities does not get that far
    let no_authorities = "no certificate authorities on this system: tls_ca in";
    assert!(
        out.ends_with(&text) || out.contains(no_authorities),
        "{out}"
    );
    let alert = answering("\x15\x03\x03\0\x02\x02\x16");
    let (code, out) = ctl(daemon.setup(), &alert, &["version"]);
    assert_eq!(code, Some(1));
    assert!(out.contains("the answer is TLS: "), "{out}");
    assert!(out.ends_with(" must begin with https://\n"), "{out}");
}

#[test]
fn advice_on_a_terminal() {
    for (url, lines) in [
        (
            "unix:///nonexistent/s.sock",
            ["no such file\r\n", "hint: supervisord creates this socket"],
        ),
        (
            "http://127.0.0.1:1",
            [
                "refused connection\r\n",
                "hint: nothing is listening on that address",
            ],
        ),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_supervisorctl"));
        command.args(["-c", "", "-s", url, "status"]);
        let mut screen = Screen::start(command, "xterm");
        for line in lines {
            screen.expect(line);
        }
        assert_eq!(screen.code(), Some(4));
    }
}

/// A command line that cannot be used is also reported in JSON.
#[test]
fn usage_errors_for_programs() {
    let setup = Setup::new();
    let (code, out, err) = summary(&setup.ctl_alone(&["--json", "-c", "nope.conf", "status"], ""));
    assert_eq!((code, err.as_str()), (Some(2), ""));
    let document: serde_json::Value = serde_json::from_str(&out).expect("a document");
    let expected = serde_json::json!({
        "command": "", "exit_status": 2, "result": null, "output": [],
        "errors": ["Error: could not find config file nope.conf"],
    });
    assert_eq!(document, expected);
}
