//! The page of all processes without JavaScript: everything works with links and forms.

use serde_json::json;

use crate::harness::wait_until;
use crate::scene::Scene;

/// One that runs, one that is stopped, one that cannot start, and a group.
pub(crate) const PROGRAMS: &str = "\
[program:cat]\ncommand=/bin/sh -c 'echo meow; exec cat'\nstartsecs=0\nstdout_logfile=@DIR@/cat.log\n\
[program:idle]\ncommand=/bin/sleep 1000\nautostart=false\nstartsecs=0\n\
[program:broken]\ncommand=/nonexistent/x\nstartretries=0\nautostart=false\n\
[program:worker]\ncommand=/bin/sleep 1000\nprocess_name=w%(process_num)d\nnumprocs=3\nstartsecs=0\n";

/// A daemon looked at by a browser that runs no script.
fn plain(programs: &str) -> Option<Scene> {
    let scene = Scene::new(programs)?;
    let off = json!({"value": true});
    scene.devtools("Emulation.setScriptExecutionDisabled", &off);
    scene.open("data:text/html,<title>off</title><script>document.title = 'on'</script>");
    assert_eq!(scene.title(), "off");
    Some(scene)
}

/// Open the menu that has this button and press it.
fn click_in_menu(scene: &Scene, button: &str) {
    scene.click(&format!("details:has({button}) > summary"));
    scene.click(button);
}

#[test]
fn orders_for_one_program() {
    let Some(scene) = plain(PROGRAMS) else {
        return;
    };
    let daemon = &scene.daemon;
    daemon.wait_state("cat", "RUNNING");
    scene.visit("");
    scene.click("button[name=start][value=idle]");
    scene.expect_message("Started idle.");
    assert_eq!(daemon.state("idle"), "RUNNING");

    let pid = daemon.child_pid("idle");
    scene.click("button[name=restart][value=idle]");
    scene.expect_message("Restarted idle.");
    assert_ne!(daemon.child_pid("idle"), pid);

    scene.click("button[name=stop][value=idle]");
    scene.expect_message("Stopped idle.");
    assert_eq!(daemon.state("idle"), "STOPPED");

    wait_until("a word in the log", || daemon.text("cat.log") == "meow\n");
    click_in_menu(&scene, "button[name=clearlog][value=cat]");
    scene.expect_message("Cleared the logs of cat.");
    assert_eq!(daemon.text("cat.log"), "");

    scene.click("button[name=start][value=broken]");
    scene.expect_message("Could not start broken: ");
    assert_eq!(scene.count(".status_msg[role=alert]"), 1);

    click_in_menu(&scene, "button[name=signal][value=cat]");
    scene.wait(
        "the question",
        "document.querySelector('select[name=which]')",
    );
    scene.click("option[value=KILL]");
    scene.click("button[name=confirmed]");
    scene.expect_message("Sent SIGKILL to cat.");
    daemon.wait_log("exited: cat (terminated by SIGKILL");
}

#[test]
fn orders_for_many_are_asked_back() {
    let Some(scene) = plain(PROGRAMS) else {
        return;
    };
    let daemon = &scene.daemon;
    daemon.wait_state("worker:w2", "RUNNING");
    scene.visit("");
    scene.click("button[name=group][value='stop worker']");
    scene.wait("the question", "document.querySelector('#confirm')");
    assert_eq!(scene.text("h1"), "Stop group worker: 3 programs?");
    assert_eq!(scene.texts(".targets li > :first-child").len(), 3);
    scene.click("#confirm a.button");
    scene.wait("the page again", "document.querySelector('#processes')");
    assert_eq!(daemon.state("worker:w0"), "RUNNING");
    scene.click("button[name=group][value='stop worker']");
    scene.wait("the question", "document.querySelector('#confirm')");
    scene.click("button[name=confirmed]");
    scene.expect_message("Stopped 3 programs: worker:w0, worker:w1, worker:w2.");

    // what loses nothing needs no confirmation
    scene.click("input[name=pick][value='worker:w0']");
    scene.click("input[name=pick][value=idle]");
    scene.click("button[name=selected][value=start]");
    scene.expect_message("Started 2 programs: idle, worker:w0.");
    assert_eq!(daemon.state("worker:w1"), "STOPPED");
    scene.click("button[name=selected][value=start]");
    scene.expect_message("Nothing is selected.");

    scene.click("button[name=all][value=stop]");
    scene.wait("the question", "document.querySelector('#confirm')");
    scene.click("button[name=confirmed]");
    scene.expect_message("Stopped 3 programs: cat, idle, worker:w0.");
    for name in ["cat", "idle", "worker:w0"] {
        assert_eq!(daemon.state(name), "STOPPED");
    }
}

#[test]
fn search_and_states() {
    let Some(scene) = plain(PROGRAMS) else {
        return;
    };
    scene.daemon.wait_state("worker:w2", "RUNNING");
    scene.daemon.wait_state("cat", "RUNNING");
    scene.visit("");
    let names = || {
        let rows = scene.run(
            "return Array.from(document.querySelectorAll('tr[data-name]'), r => r.dataset.name)",
        );
        serde_json::from_value::<Vec<String>>(rows).expect("names")
    };
    assert_eq!(
        names(),
        [
            "broken",
            "cat",
            "idle",
            "worker:w0",
            "worker:w1",
            "worker:w2"
        ]
    );
    scene.click("button[name=state][value=STOPPED]");
    scene.wait("the filter", "location.search.includes('STOPPED')");
    assert_eq!(names(), ["broken", "idle"]);
    scene.fill("#filter", "W1");
    scene.click("button[name=state][value=all]");
    scene.wait("the search", "location.search.includes('W1')");
    assert_eq!(names(), ["worker:w1"]);
    scene.fill("#filter", "nobody");
    scene.press(&[crate::webdriver::keys::ENTER]);
    scene.wait("the search", "location.search.includes('nobody')");
    assert_eq!(names(), Vec::<String>::new());
    assert!(scene.text("#nothing").contains("No program fits"));
}

/// The page of one program.
#[test]
fn one_program() {
    let Some(scene) = plain(PROGRAMS) else {
        return;
    };
    scene.daemon.wait_state("cat", "RUNNING");
    scene.visit("");
    scene.click("tr[data-name=cat] th button");
    scene.wait("its page", "document.querySelector('.facts')");
    assert!(scene.text("h1").starts_with("cat"));
    scene.click("button[name=stop]");
    scene.expect_message("Stopped cat.");
    assert!(scene.url().contains("process=cat"));
    assert_eq!(scene.count("h1 [data-state=STOPPED]"), 1);
    scene.visit("index.html?process=nobody");
    scene.expect_message("There is no program nobody.");
}

#[test]
fn a_page_without_programs_says_so() {
    let Some(scene) = plain("") else {
        return;
    };
    scene.visit("");
    assert_eq!(scene.count("table"), 0);
    assert!(scene.text("main").contains("No programs to manage"));
}

/// The links of the original.
#[test]
fn links_of_the_original() {
    let Some(scene) = plain(PROGRAMS) else {
        return;
    };
    scene.daemon.wait_state("cat", "RUNNING");
    scene.visit("index.html?processname=cat&action=stop");
    scene.expect_message("Process cat stopped");
    scene.visit("?processname=cat&action=start");
    scene.expect_message("Process cat started");
    scene.visit("?action=stopall");
    scene.expect_message("All stopped at ");
    scene.visit("?action=restartall");
    scene.expect_message("All restarted at ");
    scene.click("#refresh");
    scene.expect_message("Page refreshed at ");
}
