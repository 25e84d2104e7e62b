//! What other web sites may do with a daemon through the browser of its administrator: nothing.

use serde_json::json;

use crate::chromium::{OTHER_HOST, OWN_HOST};
use crate::elsewhere;
use crate::harness::Daemon;
use crate::scene::Scene;

const CAT: &str = "[program:cat]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile=@DIR@/cat.log\n";

/// Forms and links to everything that changes something.
fn trap(target: &str) -> String {
    let quiet = "<meta name=referrer content=no-referrer>".to_owned();
    let form = |id: &str, action: &str, fields: &str| {
        format!(
            "<form method=post action='{target}{action}'>{fields}<button id={id}>x</button></form>"
        )
    };
    let hidden = |name: &str, value: &str| format!("<input type=hidden name={name} value={value}>");
    [
        quiet,
        form("all", "index.html", &hidden("action", "stopall")),
        form("one", "", &hidden("stop", "cat")),
        form(
            "query",
            "index.html?processname=cat&action=stop",
            &hidden("token", "guess"),
        ),
        format!("<a id=link href='{target}index.html?processname=cat&action=stop'>prize</a>"),
    ]
    .concat()
}

/// Asks for everything in all the ways a script has; tells what it could read.
const ATTACK: &str = "
    const target = arguments[0];
    const call = '<methodCall><methodName>supervisor.shutdown</methodName></methodCall>';
    const read = [];
    const attempts = [
        ['RPC2', {method: 'POST', mode: 'no-cors', credentials: 'include', body: call}],
        ['RPC2', {method: 'POST', mode: 'cors', credentials: 'include', body: call,
                  headers: {'Content-Type': 'text/xml'}}],
        ['index.html?action=stopall', {mode: 'no-cors', credentials: 'include'}],
        ['index.html?action=stopall', {mode: 'cors'}],
        ['', {mode: 'cors'}],
        ['logtail/cat', {mode: 'cors'}],
    ];
    for (const [path, options] of attempts) {
        try {
            const answer = await fetch(target + path, options);
            if (answer.type !== 'opaque') read.push(path + ' ' + answer.status);
        } catch (refused) {}
    }
    const picture = new Image();
    await new Promise(done => {
        picture.onload = picture.onerror = done;
        picture.src = target + 'index.html?processname=cat&action=stop';
    });
    return read;";

fn assert_untouched(daemon: &Daemon, pid: i32) {
    assert_eq!(daemon.child_pid("cat"), pid);
    let log = daemon.text("main.log");
    assert!(!log.contains("stopped: cat"), "{log}");
    assert_eq!(
        daemon
            .call("supervisor.getState", &[])
            .get("statename")
            .and_then(|name| name.as_str()),
        Some("RUNNING")
    );
}

/// Let another site try everything; `host` is what the daemon is called by.
fn attack(scene: &Scene, host: &str, from: &str) {
    let pid = scene.daemon.child_pid("cat");
    // from now on the browser sends the password by itself
    scene.open(&format!("http://me:secret@{host}:{}/", scene.port));
    let target = format!("http://{host}:{}/", scene.port);
    scene.open(&target);
    assert_eq!(scene.texts("tbody tr[data-name]").len(), 1);

    let elsewhere = elsewhere::site(trap(&target));
    let trap = format!("http://{from}:{elsewhere}/");
    scene.open(&trap);
    let read = scene.run_async(ATTACK, &json!([target]));
    assert_eq!(read, json!([]));
    for bait in ["#all", "#one", "#query", "#link"] {
        scene.open(&trap);
        scene.click(bait);
        scene.wait("the answer", &format!("location.port == '{}'", scene.port));
        assert_eq!(scene.text("h1"), "403 Forbidden", "{bait} on {from}");
    }
    assert_untouched(&scene.daemon, pid);
    // what a page of ours asks for is done
    scene.open(&target);
    scene.click("button[name=stop][value=cat]");
    scene.daemon.wait_state("cat", "STOPPED");
}

const LOGIN: &str = "username=me\npassword=secret";

#[test]
fn another_host_changes_and_reads_nothing() {
    let Some(scene) = Scene::with(LOGIN, CAT) else {
        return;
    };
    scene.daemon.wait_state("cat", "RUNNING");
    attack(&scene, "127.0.0.1", OTHER_HOST);
}

/// To a browser this is the same site, and it sends passwords and cookies.
#[test]
fn another_port_changes_and_reads_nothing() {
    let Some(scene) = Scene::with(LOGIN, CAT) else {
        return;
    };
    scene.daemon.wait_state("cat", "RUNNING");
    attack(&scene, "127.0.0.1", "127.0.0.1");
}

/// Over plain HTTP on a network browsers do not say from which site a request comes, and the
/// attacker's page forbids them to say from which page.
#[test]
fn another_host_changes_nothing_over_a_network() {
    let Some(scene) = Scene::with(LOGIN, CAT) else {
        return;
    };
    scene.daemon.wait_state("cat", "RUNNING");
    attack(&scene, OWN_HOST, OTHER_HOST);
}

/// Pages of ours are shown in no frame of others, where clicks could be stolen.
#[test]
fn no_page_can_be_framed() {
    let Some(scene) = Scene::new(CAT) else {
        return;
    };
    let target = scene.at("");
    for path in ["", "tail.html?processname=cat"] {
        let frame = format!("<iframe src='{target}{path}'></iframe>");
        let port = elsewhere::site(frame);
        scene.console();
        scene.open(&format!("http://{OTHER_HOST}:{port}/"));
        let console = scene.console();
        let is_refused = |line: &String| line.contains("frame-ancestors");
        assert!(console.iter().any(is_refused), "{path}: {console:?}");
    }
}

/// A name that an attacker points at this machine (DNS rebinding) makes the attacker's page and
/// ours one site. Without a password, only the name tells.
#[test]
fn a_rebound_name_is_refused() {
    let Some(scene) = Scene::new(CAT) else {
        return;
    };
    scene.daemon.wait_state("cat", "RUNNING");
    let pid = scene.daemon.child_pid("cat");
    for path in ["", "index.html?action=stopall", "tail.html", "logtail/cat"] {
        scene.open(&format!("http://{OTHER_HOST}:{}/{path}", scene.port));
        assert_eq!(scene.text("h1"), "403 Forbidden", "{path}");
    }
    let answer = scene.run_async(
        "const answer = await fetch('/RPC2', {method: 'POST', body: '<methodCall>\
         <methodName>supervisor.stopAllProcesses</methodName></methodCall>'});\
         return answer.status;",
        &json!([]),
    );
    assert_eq!(answer, 403);
    assert_untouched(&scene.daemon, pid);
}
