//! What users with different roles see, and what becomes of what they try.

use serde_json::json;

use crate::elsewhere;
use crate::scene::Scene;

const PROGRAMS: &str = "\
[program:cat]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile=@DIR@/cat.log\n\
[program:w]\ncommand=/bin/sleep 1000\nprocess_name=w%(process_num)d\nnumprocs=2\nstartsecs=0\n\
[web_user:vera]\npassword=secret\nrole=view\nservers=inet_http_server\n\
[web_user:otto]\npassword=secret\nrole=operate\nservers=inet_http_server\n\
[web_user:anna]\npassword=secret\nrole=admin\nservers=inet_http_server\n";

/// Come in as this user; the browser remembers the password for later pages.
fn log_in(scene: &Scene, user: &str) {
    scene.open(&format!("http://{user}:secret@127.0.0.1:{}/", scene.port));
    scene.visit("");
}

/// Everything that changes something.
const LEVERS: &str = "#orders button, #orders input[type=checkbox], form[method=post] button";

#[test]
fn who_may_only_look_has_nothing_to_press() {
    let Some(scene) = Scene::new(PROGRAMS) else {
        return;
    };
    scene.daemon.wait_state("cat", "RUNNING");
    log_in(&scene, "vera");
    assert!(scene.text("#header").contains("vera (view)"));
    scene.wait(
        "live rows",
        "document.querySelector('.scripted tr[data-name=cat]')",
    );
    for page in ["", "index.html?process=cat"] {
        scene.visit(page);
        // the button that catches ENTER is not shown
        let shown = scene.run_with(
            "return Array.from(document.querySelectorAll(arguments[0]))\
             .filter(lever => lever.checkVisibility()).map(lever => lever.outerHTML)",
            &json!([LEVERS]),
        );
        assert_eq!(shown, json!([]), "{page}");
    }
    // neither do rows that come later have any
    scene.visit("");
    scene.daemon.ctl(&["stop", "w:*"]);
    scene.wait(
        "the new state",
        "document.querySelector('tr[data-name=\"w:w0\"] [data-state=STOPPED]')",
    );
    assert_eq!(scene.count("button[name=start]"), 0);
    scene.assert_quiet();
    // and what they try all the same is refused, with a token of their own session too
    let pid = scene.daemon.child_pid("cat");
    let answers = scene.run_async(
        "const token = document.querySelector('[name=token]')?.value ?? '';
         const call = '<methodCall><methodName>supervisor.shutdown</methodName></methodCall>';
         const form = fields => new URLSearchParams({token, ...fields});
         const all = [
             fetch('index.html', {method: 'POST', body: form({stop: 'cat'})}),
             fetch('index.html', {method: 'POST', body: form({all: 'stop', confirmed: 'yes'})}),
             fetch('index.html', {method: 'POST', body: form({action: 'stopall'})}),
             fetch('index.html?processname=cat&action=stop'),
             fetch('RPC2', {method: 'POST', body: call}).then(answer => answer.text()),
         ];
         return (await Promise.all(all)).map(answer => answer.status ?? answer);",
        &json!([]),
    );
    assert_eq!(answers[0], 403);
    assert_eq!(answers[1], 403);
    assert_eq!(answers[2], 403);
    assert_eq!(answers[3], 403);
    let fault = answers[4].as_str().expect("a fault");
    assert!(fault.contains("<fault>"), "{fault}");
    assert_eq!(scene.daemon.child_pid("cat"), pid);
}

#[test]
fn who_may_operate_does() {
    let Some(scene) = Scene::new(PROGRAMS) else {
        return;
    };
    scene.daemon.wait_state("cat", "RUNNING");
    for user in ["otto", "anna"] {
        log_in(&scene, user);
        assert!(scene.text("#header").contains(user));
        scene.click("button[name=stop][value=cat]");
        scene.daemon.wait_state("cat", "STOPPED");
        scene.wait(
            "the other button",
            "document.querySelector('button[name=start][value=cat]')",
        );
        scene.click("button[name=start][value=cat]");
        scene.daemon.wait_state("cat", "RUNNING");
    }
    scene.assert_quiet();
}

/// The user follows a link in a chat while the page is open: the browser must not lose its
/// session by that, or the open page could give no orders any more.
#[test]
fn a_link_from_elsewhere_does_not_end_the_session() {
    let Some(scene) = Scene::new(PROGRAMS) else {
        return;
    };
    scene.daemon.wait_state("cat", "RUNNING");
    let off = json!({"value": true});
    scene.devtools("Emulation.setScriptExecutionDisabled", &off);
    log_in(&scene, "otto");
    let open = scene.tabs().last().expect("a tab").clone();
    let link = format!("<a href='{}'>look at this</a>", scene.at(""));
    let chat = elsewhere::site(link);
    scene.new_tab();
    scene.open(&format!("http://{}:{chat}/", crate::chromium::OTHER_HOST));
    scene.click("a");
    scene.wait("the page", "document.querySelector('#processes')");
    scene.turn_to(&open);
    scene.click("button[name=stop][value=cat]");
    scene.expect_message("Stopped cat.");
}
