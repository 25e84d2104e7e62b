//! Other people's XML-RPC clients drive the daemon. Where one is not installed its test says so.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::harness::{Daemon, free_port};

/// What a client of any language must see.
const EXPECTED: &str = "\
state RUNNING
methods 41
processes x
stop true
again 70 NOT_RUNNING: x
unknown 10 BAD_NAME: nope
start true
multicall number UNKNOWN_METHOD INCORRECT_PARAMETERS: Recursive system.multicall forbidden
stdin true
log grüße <&>
";

fn script(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "clients", name]
        .iter()
        .collect()
}

/// Whether this command succeeds; if not, what is missing is said.
fn is_there(mut probe: Command, what: &str) -> bool {
    let there = probe.output().is_ok_and(|output| output.status.success());
    if !there {
        crate::harness::skip(format_args!("{what} is not installed"));
    }
    there
}

fn drive(mut client: Command) {
    let port = free_port();
    let inet = format!("[inet_http_server]\nport=127.0.0.1:{port}\nusername=me\npassword=s3cret\n");
    let program = "[program:x]\ncommand=/bin/cat\nautorestart=false\nstdout_logfile=@DIR@/x.log\n";
    let daemon = Daemon::with("", &format!("{inet}{program}"));
    daemon.wait_state("x", "RUNNING");
    let run = client.args([&port.to_string(), "me", "s3cret"]).output();
    let Output {
        status,
        stdout,
        stderr,
    } = run.expect("run the client");
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{stderr}");
    assert_eq!(String::from_utf8_lossy(&stdout), EXPECTED, "{stderr}");
}

#[test]
fn node_xmlrpc() {
    // where `npm install xmlrpc` was run; see .ci/run
    let folder = std::env::var_os("VISORD_NODE_MODULES").unwrap_or_default();
    let node = |arguments: &[&str]| {
        let mut node = Command::new("node");
        node.args(arguments).env("NODE_PATH", &folder);
        node
    };
    if is_there(node(&["-e", "require('xmlrpc')"]), "the npm package xmlrpc") {
        let mut client = node(&[]);
        client.arg(script("drive.js"));
        drive(client);
    }
}

#[test]
fn perl_xmlrpc_lite() {
    let mut probe = Command::new("perl");
    probe.args(["-MXMLRPC::Lite", "-e", "1"]);
    if is_there(probe, "Perl's XMLRPC::Lite") {
        let mut client = Command::new("perl");
        client.arg(script("drive.pl"));
        drive(client);
    }
}
