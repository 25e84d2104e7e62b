//! `https://` from end to end: supervisorctl and the library's client against a real daemon.

use std::fs;
use std::path::Path;
use std::process::Output;

use visord_xmlrpc::http::{Address, Endpoint};
use visord_xmlrpc::{Client, Value};

use crate::harness::{Daemon, Setup, free_port, wait_until};

const PROGRAM: &str = "[program:x]\ncommand=/bin/cat\n";

/// Make a certificate for this name that signs itself: `NAME.pem` and `NAME.key`.
fn certify(folder: &Path, file: &str, name: &str) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    let write = |suffix: &str, text: String| {
        fs::write(folder.join(format!("{file}.{suffix}")), text).expect("a file");
    };
    write("pem", made.cert.pem());
    write("key", made.signing_key.serialize_pem());
}

fn sections(port: u16, extra: &str) -> String {
    format!(
        "[inet_http_server]\nport=127.0.0.1:{port}\ntls_cert=@DIR@/s.pem\ntls_key=@DIR@/s.key\n\
         {extra}\n{PROGRAM}"
    )
}

/// A daemon whose certificate is for `localhost`.
fn daemon(port: u16, extra: &str) -> Daemon {
    let setup = Setup::new();
    setup.configure("", &sections(port, extra));
    for file in ["s", "other"] {
        certify(setup.path("").as_path(), file, "localhost");
    }
    setup.start()
}

fn ctl(daemon: &Daemon, url: &str, ca: Option<&str>, words: &[&str]) -> Output {
    let ca = ca.map_or_else(String::new, |file| format!("tls_ca=%(here)s/{file}\n"));
    let text = format!("[supervisorctl]\nserverurl={url}\n{ca}");
    let file = daemon.path("ctl.conf");
    fs::write(&file, text).expect("a file");
    let arguments = [&["-c", file.to_str().expect("a path")], words].concat();
    daemon.setup().ctl_alone(&arguments, "")
}

fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[test]
fn supervisorctl_over_https() {
    let port = free_port();
    let daemon = daemon(port, "username=me\npassword=secret");
    daemon.wait_state("x", "RUNNING");
    let url = format!("https://me:secret@localhost:{port}");
    let status = said(&ctl(&daemon, &url, Some("s.pem"), &["status"]));
    assert!(status.starts_with("x   "), "{status}");
    let text = said(&ctl(&daemon, &url, Some("s.pem"), &["maintail"]));
    assert!(text.contains("entered RUNNING state"), "{text}");
    // who cannot prove to be the one that was asked for is not talked to
    let address = format!("https://me:secret@127.0.0.1:{port}");
    let trust = "tls_ca in [supervisorctl] names the file";
    for (url, ca, why, advice) in [
        (&url, None, "certificate", trust),
        (&url, Some("other.pem"), "certificate", trust),
        (
            &address,
            Some("s.pem"),
            "certificate",
            "the certificate is not for",
        ),
        (&url, Some("missing.pem"), "missing.pem", trust),
    ] {
        let output = ctl(&daemon, url, ca, &["status"]);
        let text = said(&output);
        assert!(!output.status.success(), "{text}");
        assert!(text.contains(why), "{why}: {text}");
        assert!(text.contains(advice), "{advice}: {text}");
        assert!(!text.contains("secret"), "{text}");
        assert!(!text.contains("RUNNING"), "{text}");
    }
    // and plain HTTP gets no answer
    let plain = ctl(
        &daemon,
        &format!("http://localhost:{port}"),
        None,
        &["status"],
    );
    assert!(!plain.status.success());
    let text = said(&plain);
    assert!(!text.contains("RUNNING"));
    assert!(text.contains("https://"), "{text}");
}

fn client(daemon: &Daemon, port: u16, ca: &str) -> Client {
    let host = "localhost".to_owned();
    Client::new(Endpoint {
        trust: Some(daemon.path(ca)),
        ..Endpoint::new(
            Address::Tcp {
                host,
                port,
                tls: true,
            },
            None,
        )
    })
}

fn pid(client: &mut Client) -> Result<Value, String> {
    let answer = client.call("supervisor.getPID", &[]);
    answer.map_err(|error| error.to_string())
}

#[test]
fn sigusr2_reads_certificates_again() {
    let port = free_port();
    let daemon = daemon(port, "");
    let expected = Ok(Value::Int(daemon.pid().into()));
    let mut old = client(&daemon, port, "s.pem");
    assert_eq!(pid(&mut old), expected);
    // a mistake changes nothing
    fs::copy(daemon.path("s.pem"), daemon.path("trusted.pem")).expect("a copy");
    fs::write(daemon.path("s.pem"), "no certificate").expect("a file");
    daemon.signal(libc::SIGUSR2);
    daemon.wait_log("CRIT certificate of 'inet_http_server' not read again, the old one stays: ");
    assert_eq!(pid(&mut client(&daemon, port, "trusted.pem")), expected);
    // a key that does not fit is one
    fs::copy(daemon.path("other.pem"), daemon.path("s.pem")).expect("a copy");
    daemon.signal(libc::SIGUSR2);
    wait_until("the second refusal", || {
        daemon.text("main.log").matches("not read again").count() == 2
    });
    fs::copy(daemon.path("other.key"), daemon.path("s.key")).expect("a copy");
    daemon.signal(libc::SIGUSR2);
    daemon.wait_log("INFO certificate of 'inet_http_server' read again");
    assert_eq!(pid(&mut client(&daemon, port, "other.pem")), expected);
    assert!(pid(&mut client(&daemon, port, "trusted.pem")).is_err());
    // who is connected stays
    assert_eq!(pid(&mut old), expected);
}

#[test]
fn clients_may_need_a_certificate() {
    let port = free_port();
    let daemon = daemon(port, "tls_client_ca=@DIR@/other.pem");
    assert!(pid(&mut client(&daemon, port, "s.pem")).is_err());
    let curl = |arguments: &[&str]| {
        std::process::Command::new("curl")
            .args(["-sS", "--cacert", "s.pem"])
            .args(arguments)
            .arg(format!("https://localhost:{port}/ok.html"))
            .current_dir(daemon.folder())
            .output()
    };
    let Ok(without) = curl(&[]) else {
        eprintln!("skipped in part: curl is not installed");
        return;
    };
    assert!(!without.status.success());
    let with = curl(&["--cert", "other.pem", "--key", "other.key"]).expect("curl");
    assert!(with.status.success(), "{}", said(&with));
    let with = curl(&["--cert", "s.pem", "--key", "s.key"]).expect("curl");
    assert!(!with.status.success(), "{}", said(&with));
}

#[test]
fn supervisorctl_may_show_a_certificate() {
    let port = free_port();
    let daemon = daemon(port, "tls_client_ca=@DIR@/other.pem");
    let url = format!("https://localhost:{port}");
    let configured = |lines: &str| {
        let text = format!("[supervisorctl]\nserverurl={url}\ntls_ca=%(here)s/s.pem\n{lines}");
        fs::write(daemon.path("ctl.conf"), text).expect("a file");
    };
    let run = |options: &[&str]| {
        let arguments = [&["-c", "ctl.conf"], options, &["pid"]].concat();
        daemon.setup().ctl_alone(&arguments, "")
    };
    let pid = format!("{}\n", daemon.pid());
    configured("tls_cert=%(here)s/other.pem\ntls_key=%(here)s/other.key\n");
    assert_eq!(said(&run(&[])), pid);
    // the command line beats the file
    let own = ["--tls_cert", "s.pem", "--tls_key", "s.key"];
    assert!(!run(&own).status.success());
    configured("");
    assert!(!run(&[]).status.success());
    let others = ["--tls_cert=other.pem", "--tls_key=other.key"];
    assert_eq!(said(&run(&others)), pid);
    // what cannot be used is named
    for (options, why) in [
        (
            ["--tls_cert=missing.pem", "--tls_key=other.key"],
            "missing.pem",
        ),
        (
            ["--tls_cert=other.pem", "--tls_key=missing.key"],
            "missing.key",
        ),
        (["--tls_cert=other.pem", "--tls_key=s.key"], "other.pem"),
    ] {
        let output = run(&options);
        assert!(!output.status.success());
        assert!(said(&output).contains(why), "{why}: {}", said(&output));
    }
    let output = run(&["--tls_cert=other.pem"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("--tls_cert needs --tls_key"));
}

/// A restart reads the certificates first: a bad one stops nothing (difference C28).
#[test]
fn a_bad_certificate_refuses_a_restart() {
    let port = free_port();
    let daemon = daemon(port, "");
    daemon.wait_state("x", "RUNNING");
    let pid_of_x = daemon.child_pid("x");
    fs::write(daemon.path("s.pem"), "no certificate").expect("a file");
    let refused = daemon.try_call("supervisor.restart", &[]);
    let refused = refused.expect_err("a fault");
    assert!(
        refused.contains("CANT_REREAD") && refused.contains("s.pem"),
        "{refused}"
    );
    daemon.signal(libc::SIGHUP);
    wait_until("the second refusal", || {
        let text = daemon.text("main.log");
        text.matches("restart refused, it would fail").count() == 2
    });
    assert_eq!(daemon.child_pid("x"), pid_of_x);
    // nor does it close the listener
    fs::copy(daemon.path("other.pem"), daemon.path("trust.pem")).expect("a copy");
    for file in ["pem", "key"] {
        let (from, to) = (format!("other.{file}"), format!("s.{file}"));
        fs::copy(daemon.path(&from), daemon.path(&to)).expect("a copy");
    }
    daemon.signal(libc::SIGHUP);
    wait_until("the restart", || {
        pid(&mut client(&daemon, port, "trust.pem")).is_ok()
    });
}

#[test]
fn a_certificate_that_cannot_be_read_is_told_at_the_start() {
    let setup = Setup::new();
    setup.configure("", &sections(free_port(), ""));
    let output = setup.run(&["-n", "-c", "s.conf"]);
    assert_eq!(output.status.code(), Some(2));
    let text = said(&output);
    assert!(
        text.contains("TLS of [inet_http_server]: ") && text.contains("s.pem"),
        "{text}"
    );
}
