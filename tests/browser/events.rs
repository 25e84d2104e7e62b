//! The event page.

use serde_json::json;

use crate::scene::Scene;
use crate::wire::Wire;
use visord_xmlrpc::Value as Rpc;

const PROGRAMS: &str = "\
[program:a]\ncommand=/bin/sleep 1000\nstartsecs=0\nautostart=false\n\
[program:b]\ncommand=/bin/sleep 1000\nstartsecs=0\nautostart=false\n";

/// Types and names of the rows that are shown, the newest first.
fn rows(scene: &Scene) -> Vec<String> {
    let rows = scene.run(
        "return [...document.querySelectorAll('#events tbody tr')]\
         .filter(row => row.checkVisibility())\
         .map(row => row.dataset.type + ' ' + row.dataset.name)",
    );
    serde_json::from_value(rows).expect("texts")
}

/// Wait until the newest row is this.
fn expect_newest(scene: &Scene, row: &str) {
    let row = serde_json::Value::from(row);
    scene.wait(
        &format!("the event {row}"),
        &format!(
            "(row => row?.dataset.type + ' ' + row?.dataset.name === {row})\
             (document.querySelector('#events tbody tr:not([hidden])'))"
        ),
    );
}

fn cycle(scene: &Scene, name: &str) {
    for order in ["start", "stop"] {
        let output = scene.daemon.ctl(&[order, name]);
        assert!(output.status.success(), "{output:?}");
    }
}

/// What one start and stop makes, the newest first.
fn of_a_cycle(name: &str) -> Vec<String> {
    ["STOPPED", "STOPPING", "RUNNING", "STARTING"]
        .iter()
        .map(|state| format!("PROCESS_STATE_{state} {name}"))
        .collect()
}

#[test]
fn events_come_are_filtered_and_wait() {
    let Some(scene) = Scene::new(PROGRAMS) else {
        return;
    };
    cycle(&scene, "a");
    scene.visit("events.html");
    assert_eq!(rows(&scene)[..4], of_a_cycle("a"));
    scene.wait("the script", "!document.getElementById('pause').hidden");
    cycle(&scene, "b");
    expect_newest(&scene, "PROCESS_STATE_STOPPED b");
    assert_eq!(rows(&scene)[..4], of_a_cycle("b"));

    scene.fill("#name", "a");
    assert_eq!(rows(&scene)[..4], of_a_cycle("a"));
    scene.fill("#name", "");
    scene.fill("#text", "from_state:STOPPING");
    scene.wait(
        "two rows",
        "document.querySelectorAll('#events tbody tr:not([hidden])').length === 2",
    );
    scene.run(
        "const text = document.getElementById('text'); text.value = ''; \
               text.dispatchEvent(new Event('input'))",
    );

    scene.click("#pause");
    let before = rows(&scene);
    cycle(&scene, "a");
    scene.wait(
        "news",
        "document.getElementById('note').textContent.includes('4 new')",
    );
    assert_eq!(rows(&scene), before);
    scene.click("#pause");
    expect_newest(&scene, "PROCESS_STATE_STOPPED a");
    assert_eq!(rows(&scene).len(), before.len() + 4);
    scene.assert_quiet();
}

/// Cut, let things happen, mend: every event once, in order.
#[test]
fn a_lost_connection_loses_and_doubles_no_event() {
    let Some(scene) = Scene::new(PROGRAMS) else {
        return;
    };
    let wire = Wire::to(scene.port);
    scene.open(&format!(
        "http://127.0.0.1:{}/events.html?type=PROCESS_STATE",
        wire.port
    ));
    scene.wait("the script", "!document.getElementById('pause').hidden");
    let lost = "document.getElementById('connection').checkVisibility()";
    let mut expected = Vec::new();
    for (online, offline) in [("a", "b"), ("b", "a"), ("a", "a")] {
        cycle(&scene, online);
        expect_newest(&scene, &format!("PROCESS_STATE_STOPPED {online}"));
        wire.cut();
        scene.wait("the banner", lost);
        cycle(&scene, offline);
        wire.mend();
        scene.wait("no banner", &format!("!({lost})"));
        let mut newest = of_a_cycle(offline);
        newest.extend(of_a_cycle(online));
        newest.append(&mut expected);
        expected = newest;
        let count = expected.len();
        scene.wait(
            "all events",
            &format!("document.querySelectorAll('#events tbody tr').length >= {count}"),
        );
    }
    assert_eq!(rows(&scene), expected);
}

/// A connection that breaks before any event came, a daemon that forgot: filter and pause stay.
#[test]
fn filter_and_pause_survive_lost_connections() {
    let Some(scene) = Scene::new(PROGRAMS) else {
        return;
    };
    let wire = Wire::to(scene.port);
    scene.open(&format!("http://127.0.0.1:{}/events.html", wire.port));
    scene.wait("the script", "!document.getElementById('pause').hidden");
    scene.run("window.isTheSamePage = true");
    scene.fill("#name", "a");
    let lost = "document.getElementById('connection').checkVisibility()";
    for _ in 0..2 {
        wire.cut();
        scene.wait("the banner", lost);
        wire.mend();
        scene.wait("no banner", &format!("!({lost})"));
    }
    cycle(&scene, "b");
    cycle(&scene, "a");
    expect_newest(&scene, "PROCESS_STATE_STOPPED a");
    assert!(rows(&scene).iter().all(|row| row.ends_with(" a")));
    // more happens than the daemon remembers of events
    scene.click("#pause");
    let before = rows(&scene);
    wire.cut();
    scene.wait("the banner", lost);
    let calls: Vec<Rpc> = (0..500)
        .map(|number| {
            Rpc::structure([
                ("methodName", Rpc::from("supervisor.sendRemoteCommEvent")),
                (
                    "params",
                    Rpc::Array(vec![format!("a{number}").into(), "x".into()]),
                ),
            ])
        })
        .collect();
    for _ in 0..3 {
        let calls = Rpc::Array(calls.clone());
        scene.daemon.call("system.multicall", &[calls]);
    }
    cycle(&scene, "a");
    wire.mend();
    scene.wait("no banner", &format!("!({lost})"));
    assert_eq!(rows(&scene), before);
    scene.click("#pause");
    // the first group event is no longer among what the daemon knows
    scene.wait(
        "the rows of the daemon",
        "document.querySelectorAll('#events tbody tr:not([hidden])').length === 4",
    );
    assert_eq!(rows(&scene), of_a_cycle("a"));
    cycle(&scene, "a");
    scene.wait(
        "what came after",
        "document.querySelectorAll('#events tbody tr:not([hidden])').length === 8",
    );
    let still = "return [window.isTheSamePage, document.getElementById('name').value]";
    assert_eq!(scene.run(still), json!([true, "a"]));
}

#[test]
fn without_scripts() {
    let Some(scene) = Scene::new(PROGRAMS) else {
        return;
    };
    let off = json!({"value": true});
    scene.devtools("Emulation.setScriptExecutionDisabled", &off);
    cycle(&scene, "a");
    cycle(&scene, "b");
    scene.visit("events.html");
    scene.fill("#name", "a");
    scene.click("#show");
    scene.wait("the filter", "location.search.includes('name=a')");
    assert_eq!(rows(&scene)[..4], of_a_cycle("a"));
    assert!(rows(&scene).iter().all(|row| row.ends_with(" a")));
}
