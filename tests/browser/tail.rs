//! The page of a log's end.

use crate::harness::wait_until;
use crate::scene::Scene;

const PROGRAM: &str = "[program:lines]\ncommand=/bin/sh -c 'seq 3000; exec sleep 1000'\n\
                       startsecs=0\nstdout_logfile=@DIR@/lines.log\n";

#[test]
fn the_end_of_a_log() {
    let Some(scene) = Scene::new(PROGRAM) else {
        return;
    };
    wait_until("the log", || {
        scene.daemon.text("lines.log").ends_with("\n3000\n")
    });
    scene.visit("tail.html?processname=lines");
    let least = scene.text("pre");
    assert!(least.ends_with("\n3000") && least.len() < 1100, "{least}");
    assert_eq!(scene.title(), "Supervisor tail of process lines");
    scene.visit("tail.html?processname=lines&limit=100000");
    assert!(scene.text("pre").starts_with("1\n2\n3\n"));
    scene.click(".button");
    assert!(
        scene
            .url()
            .ends_with("tail.html?processname=lines&limit=100000")
    );
    scene.assert_quiet();
    for (query, words) in [
        ("", "No process name found"),
        (
            "?processname=nope",
            "ERROR: unexpected rpc fault [10] BAD_NAME: nope",
        ),
    ] {
        scene.visit(&format!("tail.html{query}"));
        assert_eq!(scene.text("pre"), words);
    }
}
