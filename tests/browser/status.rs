//! The page of all processes: what it shows and what its buttons do.

use serde_json::json;

use crate::scene::Scene;

/// One that runs, one that is stopped, one that cannot stay.
const PROGRAMS: &str = "\
[program:cat]\ncommand=/bin/sh -c 'echo meow; exec cat'\nstartsecs=0\nstdout_logfile=@DIR@/cat.log\n\
[program:idle]\ncommand=/bin/sleep 1000\nautostart=false\nstartsecs=0\n\
[program:broken]\ncommand=/nonexistent/x\nstartretries=0\nautostart=false\n";

/// Every button of the page, by what the daemon does, with or without JavaScript.
fn every_button_works(scene: &Scene) {
    let daemon = &scene.daemon;
    daemon.wait_state("cat", "RUNNING");
    scene.visit("");
    scene.click("button[name=start][value=idle]");
    scene.expect_message("Process idle started");
    assert_eq!(daemon.state("idle"), "RUNNING");

    let pid = daemon.child_pid("idle");
    scene.click("button[name=restart][value=idle]");
    scene.expect_message("Process idle restarted");
    assert_ne!(daemon.child_pid("idle"), pid);

    scene.click("button[name=stop][value=idle]");
    scene.expect_message("Process idle stopped");
    assert_eq!(daemon.state("idle"), "STOPPED");

    crate::harness::wait_for("a word in the log", || daemon.text("cat.log") == "meow\n");
    scene.click("button[name=clearlog][value=cat]");
    scene.expect_message("Log for cat cleared");
    assert_eq!(daemon.text("cat.log"), "");

    scene.click("button[name=start][value=broken]");
    scene.expect_message("ERROR: Process broken: no such file");

    scene.click("button[value=stopall]");
    scene.expect_message("All stopped at ");
    assert_eq!(daemon.state("cat"), "STOPPED");
    scene.click("button[value=restartall]");
    scene.expect_message("All restarted at ");
    assert_eq!(daemon.state("cat"), "RUNNING");
    assert_eq!(daemon.state("idle"), "RUNNING");
}

#[test]
fn every_button() {
    let Some(scene) = Scene::new(PROGRAMS) else {
        return;
    };
    every_button_works(&scene);
    scene.assert_quiet();
}

#[test]
fn every_button_without_javascript() {
    let Some(scene) = Scene::new(PROGRAMS) else {
        return;
    };
    let off = json!({"value": true});
    scene.devtools("Emulation.setScriptExecutionDisabled", &off);
    scene.open("data:text/html,<title>off</title><script>document.title = 'on'</script>");
    assert_eq!(scene.title(), "off");
    every_button_works(&scene);
}

#[test]
fn every_process_and_its_state() {
    let Some(scene) = Scene::new(PROGRAMS) else {
        return;
    };
    scene.daemon.wait_state("cat", "RUNNING");
    scene.visit("");
    assert_eq!(scene.title(), "Supervisor Status");
    assert_eq!(scene.texts("td.status"), ["stopped", "running", "stopped"]);
    scene.assert_quiet();
}

#[test]
fn a_page_without_programs_says_so() {
    let Some(scene) = Scene::new("") else {
        return;
    };
    scene.visit("");
    assert_eq!(scene.count("table"), 0);
    assert!(scene.text("main").contains("No programs to manage"));
}
