//! The page of all processes as it is with JavaScript: alive, and never left.

use serde_json::{Value, json};

use crate::harness::{kill, wait_until};
use crate::plain::PROGRAMS;
use crate::scene::Scene;
use crate::webdriver::keys;
use crate::wire::Wire;

/// A mark that a reload would remove, and the place on the page.
fn mark(scene: &Scene, top: u32) {
    scene.run_with(
        "window.marked = true; scrollTo({top: arguments[0], behavior: 'instant'})",
        &json!([top]),
    );
}

fn assert_not_left(scene: &Scene, top: u32) {
    let here = scene.run("return [window.marked === true, Math.round(scrollY)]");
    assert_eq!(here, json!([true, top]));
}

/// Wait until a cell of a program's row shows this.
fn expect_cell(scene: &Scene, name: &str, field: &str, text: &str) {
    let cell = Value::from(format!("tr[data-name='{name}'] [data-field={field}]"));
    let text = Value::from(text);
    scene.wait(
        &format!("{field} of {name} to be {text}"),
        &format!("document.querySelector({cell})?.textContent.includes({text})"),
    );
}

fn expect_result(scene: &Scene, begin: &str) {
    let begin = Value::from(begin);
    let expression = format!("document.querySelector('#result')?.textContent.startsWith({begin})");
    scene.wait(&format!("the result {begin}"), &expression);
}

fn live(programs: &str) -> Option<Scene> {
    let scene = Scene::new(programs)?;
    scene.visit("");
    scene.wait(
        "the script",
        "document.documentElement.classList.contains('scripted')",
    );
    Some(scene)
}

#[test]
fn a_crash_is_seen_where_one_is() {
    let many = "[program:many]\ncommand=/bin/sleep 1000\nprocess_name=m%(process_num)02d\n\
                numprocs=60\nstartsecs=0\n";
    let Some(scene) = live(many) else {
        return;
    };
    expect_cell(&scene, "many:m59", "state", "running");
    mark(&scene, 300);
    let pid = scene.daemon.child_pid("many:m30");
    kill(pid, libc::SIGKILL);
    expect_cell(&scene, "many:m30", "restarts", "1");
    expect_cell(&scene, "many:m30", "why", "SIGKILL");
    expect_cell(&scene, "many:m30", "state", "running");
    let new = scene.daemon.child_pid("many:m30");
    assert_ne!(new, pid);
    expect_cell(&scene, "many:m30", "description", &format!("pid {new},"));
    assert_not_left(&scene, 300);
    scene.assert_quiet();
}

#[test]
fn orders_do_not_leave_the_page() {
    let Some(scene) = live(PROGRAMS) else {
        return;
    };
    let daemon = &scene.daemon;
    expect_cell(&scene, "worker:w2", "state", "running");
    mark(&scene, 0);
    scene.click("button[name=start][value=idle]");
    expect_result(&scene, "Started idle.");
    expect_cell(&scene, "idle", "state", "running");
    scene.click("button[name=stop][value=idle]");
    expect_result(&scene, "Stopped idle.");
    expect_cell(&scene, "idle", "state", "stopped");
    scene.click("button[name=start][value=broken]");
    expect_result(&scene, "Could not start broken: ");
    assert_eq!(scene.count("#result .failed"), 1);
    // the console tells of answers like this
    scene.console();

    // confirmation is asked for; ESC and Cancel do nothing, and the focus returns to the button
    for way_out in [&[keys::ESCAPE][..], &[keys::ENTER]] {
        scene.click("button[name=group][value='stop worker']");
        assert_eq!(scene.text("dialog h2"), "Stop group worker: 3 programs?");
        assert_eq!(scene.count("dialog li"), 3);
        scene.press(way_out);
        scene.wait("no dialog", "!document.querySelector('dialog')");
        let focused = "return document.activeElement.matches('button[name=group]')";
        assert_eq!(scene.run(focused), json!(true));
    }
    assert_eq!(daemon.state("worker:w0"), "RUNNING");
    scene.click("button[name=group][value='stop worker']");
    scene.click("dialog button.danger");
    expect_result(
        &scene,
        "Stopped 3 programs: worker:w0, worker:w1, worker:w2.",
    );
    expect_cell(&scene, "worker:w1", "state", "stopped");

    scene.click("details:has(button[name=signal][value=cat]) > summary");
    scene.click("button[name=signal][value=cat]");
    scene.click("dialog option[value=KILL]");
    scene.click("dialog button.danger");
    expect_result(&scene, "Sent SIGKILL to cat.");
    wait_until("a word in the log", || {
        daemon.text("cat.log").contains("meow")
    });
    scene.click("details:has(button[name=clearlog][value=cat]) > summary");
    scene.click("button[name=clearlog][value=cat]");
    expect_result(&scene, "Cleared the logs of cat.");
    wait_until("an empty log", || daemon.text("cat.log").is_empty());

    scene.click("button[name=all][value=stop]");
    scene.click("dialog button.danger");
    expect_result(&scene, "Stopped ");
    assert_eq!(daemon.state("cat"), "STOPPED");
    assert_not_left(&scene, 0);
    scene.assert_quiet();
}

#[test]
fn search_and_selection_at_once() {
    let Some(scene) = live(PROGRAMS) else {
        return;
    };
    expect_cell(&scene, "worker:w2", "state", "running");
    let shown = || {
        let rows = scene.run(
            "return Array.from(document.querySelectorAll('tr[data-name]'))\
             .filter(row => row.checkVisibility()).map(row => row.dataset.name)",
        );
        serde_json::from_value::<Vec<String>>(rows).expect("names")
    };
    mark(&scene, 0);
    scene.fill("#filter", "w");
    assert_eq!(shown(), ["worker:w0", "worker:w1", "worker:w2"]);
    // a reload keeps it
    assert!(scene.url().ends_with("?q=w"));
    scene.click("input[name=pick][value='worker:w0']");
    scene.click("input[name=pick][value='worker:w2']");
    scene.click("button[name=selected][value=stop]");
    assert_eq!(scene.text("dialog h2"), "Stop 2 programs?");
    scene.click("dialog button.danger");
    expect_result(&scene, "Stopped 2 programs: worker:w0, worker:w2.");
    assert_eq!(scene.daemon.state("worker:w1"), "RUNNING");
    scene.click("#state-filter button[value=RUNNING]");
    assert_eq!(shown(), ["worker:w1"]);
    // what is not seen is not acted on
    let disabled = "return document.querySelector('[name=selected][value=stop]').disabled";
    assert_eq!(scene.run(disabled), json!(true));
    // a row that changes leaves the filter, and the words of the search stay
    scene.daemon.ctl(&["stop", "worker:w1"]);
    scene.wait(
        "the row to go",
        "document.querySelector('#nothing')?.checkVisibility()",
    );
    assert_not_left(&scene, 0);
    scene.assert_quiet();
}

/// Programs come and go with the configuration.
#[test]
fn new_programs_appear_and_removed_ones_leave() {
    let Some(scene) = live(PROGRAMS) else {
        return;
    };
    mark(&scene, 0);
    let config = scene.daemon.text("s.conf");
    let new = config.replace("[program:idle]", "[program:newcomer]");
    std::fs::write(scene.daemon.path("s.conf"), new).expect("write the configuration");
    let output = scene.daemon.ctl(&["update"]);
    assert!(output.status.success(), "{output:?}");
    expect_cell(&scene, "newcomer", "state", "stopped");
    scene.wait(
        "idle to leave",
        "!document.querySelector('tr[data-name=idle]')",
    );
    scene.click("button[name=start][value=newcomer]");
    expect_result(&scene, "Started newcomer.");
    assert_not_left(&scene, 0);
}

/// Cut, change something, mend: the banner says so, and then the page is right again.
#[test]
fn a_lost_connection_is_told_and_resumed() {
    let Some(scene) = Scene::new(PROGRAMS) else {
        return;
    };
    let wire = Wire::to(scene.port);
    scene.open(&format!("http://127.0.0.1:{}/", wire.port));
    expect_cell(&scene, "worker:w2", "state", "running");
    mark(&scene, 0);
    assert!(!is_told_lost(&scene));
    wire.cut();
    scene.wait("the banner", LOST);
    scene.daemon.ctl(&["stop", "worker:w1"]);
    assert!(is_told_lost(&scene));
    wire.mend();
    scene.click("#connection button");
    scene.wait("no banner", &format!("!({LOST})"));
    expect_cell(&scene, "worker:w1", "state", "stopped");
    expect_cell(&scene, "worker:w0", "state", "running");
    assert_not_left(&scene, 0);
}

const LOST: &str = "document.getElementById('connection').checkVisibility()";

fn is_told_lost(scene: &Scene) -> bool {
    scene.run(&format!("return {LOST}")) == json!(true)
}

/// A new run of the daemon has other numbers: the page starts over by itself.
#[test]
fn a_restart_of_the_daemon_is_survived() {
    let Some(scene) = live(PROGRAMS) else {
        return;
    };
    expect_cell(&scene, "cat", "state", "running");
    let pid = scene.daemon.child_pid("cat");
    mark(&scene, 0);
    scene.daemon.ctl(&["reload"]);
    scene.wait("the banner", LOST);
    scene.wait("no banner", &format!("!({LOST})"));
    let new = scene.daemon.child_pid("cat");
    assert_ne!(pid, new);
    expect_cell(&scene, "cat", "description", &format!("pid {new},"));
    assert_not_left(&scene, 0);
    // the token of the old run is worth nothing; the page says so instead of losing the order
    scene.click("button[name=start][value=idle]");
    scene.wait(
        "a word about it",
        "/started idle|reload/i.test(document.querySelector('#result')?.textContent)",
    );
}

/// A browser opens six connections to a host, and every live page holds one. Those in the
/// background let go of theirs.
#[test]
fn ten_tabs_are_all_answered() {
    let Some(scene) = Scene::new(PROGRAMS) else {
        return;
    };
    let first = scene.tabs().last().expect("a tab").clone();
    for _ in 0..10 {
        scene.new_tab();
        scene.visit("");
        expect_cell(&scene, "cat", "state", "running");
    }
    scene.daemon.ctl(&["stop", "cat"]);
    expect_cell(&scene, "cat", "state", "stopped");
    scene.turn_to(&first);
    scene.visit("");
    scene.daemon.ctl(&["start", "cat"]);
    expect_cell(&scene, "cat", "state", "running");
}

/// The page of one process asks for its new version when the state changes. The first attempts
/// fail; nothing else happens that would make it ask again.
#[test]
fn a_process_page_asks_again_after_a_failure() {
    let programs = "[program:a]\ncommand=/bin/sleep 1000\nstartsecs=0\n";
    let Some(scene) = Scene::new(programs) else {
        return;
    };
    scene.daemon.wait_state("a", "RUNNING");
    scene.visit("index.html?process=a");
    scene.wait(
        "the script",
        "document.documentElement.classList.contains('scripted')",
    );
    // its stream has told the state that later ones are compared with
    scene.wait(
        "the uptime that the script counts",
        "document.querySelector('[data-field=description]').textContent.includes('uptime 0:00:02')",
    );
    scene.run(
        "const real = window.fetch;
         window.failed = 0;
         window.fetch = (...all) => window.failed < 2
             ? (window.failed++, Promise.reject(new TypeError('cut'))) : real(...all);",
    );
    let output = scene.daemon.ctl(&["stop", "a"]);
    assert!(output.status.success(), "{output:?}");
    scene.wait(
        "the new state",
        "document.querySelector('[data-field=state]').dataset.state === 'STOPPED'",
    );
    assert_eq!(scene.run("return window.failed"), serde_json::json!(2));
}
