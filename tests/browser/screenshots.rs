//! The pictures of `docs/screenshots/`: made where `VISORD_SCREENSHOTS` names a folder, made small
//! by `pngquant` (Debian) where that is installed.
//!
//! `VISORD_SCREENSHOTS=docs/screenshots cargo test --test browser screenshots`

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::looks::{be_a_desktop, be_a_phone, prefer};
use crate::scene::Scene;

/// A small shop: most of it runs, one program is broken, one is done, one waits for the night.
const SHOP: &str = r#"
[program:web]
command=/bin/sh -c 'while :; do i=0; while [ $i -lt %(process_num)d0000 ]; do i=$((i+1)); done; sleep 0.2; done'
process_name=web_%(process_num)d
numprocs=4
numprocs_start=1
startsecs=0
[program:worker]
command=/bin/sh -c 'while :; do i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; sleep 0.1; done'
process_name=worker_%(process_num)d
numprocs=2
startsecs=0
[group:shop]
programs=web,worker
[program:database]
command=/bin/sh -c 'exec sleep 100000'
startsecs=0
[program:queue]
command=/bin/sh -c 'cat @DIR@/queue.txt; exec cat'
startsecs=0
stdout_logfile=@DIR@/queue.log
[program:mailer]
command=/bin/sh -c 'echo no route to host >&2; exit 3'
startretries=1
[program:importer]
command=/bin/sh -c 'exit 0'
startsecs=0
autorestart=false
[program:nightly-report]
command=/usr/bin/true
autostart=false
[program:thumbnails]
command=/bin/sh -c 'sleep 0.3; kill -SEGV $$'
startsecs=0
autorestart=false
"#;

/// A log with colours.
fn words() -> String {
    let mut all = String::new();
    for n in 0..60 {
        let second = n % 60;
        let (color, level, what) = match n % 7 {
            3 => (
                "33",
                "WARN",
                "slow consumer: shop:worker_1 is 214 messages behind",
            ),
            5 => (
                "31",
                "ERROR",
                "redelivery of message 8c1f failed: connection reset by peer",
            ),
            1 => ("36", "DEBUG", "heartbeat from 6 consumers"),
            _ => (
                "32",
                "INFO",
                "delivered 128 messages to shop:worker_0 in 11 ms",
            ),
        };
        all += &format!(
            "2026-11-21 09:14:{second:02} \u{1b}[1;{color}m{level:<5}\u{1b}[0m \u{1b}[2mqueue.broker\u{1b}[0m {what}\n"
        );
    }
    all
}

fn take(scene: &Scene, folder: &Path, name: &str) {
    // the pointer is over nothing, and no button has the focus
    scene.run("document.activeElement?.blur(); scrollTo(0, 0)");
    let picture = scene.devtools("Page.captureScreenshot", &json!({"format": "png"}));
    let picture = picture["data"].as_str().expect("a picture");
    let picture = STANDARD.decode(picture).expect("base64");
    let picture = small(&picture).unwrap_or(picture);
    let path = folder.join(format!("{name}.png"));
    fs::write(&path, &picture).expect("write the picture");
    let size = picture.len() / 1000;
    println!("{}: {size} kB", path.display());
    assert!(size < 150, "{name} is too large: install pngquant");
}

/// The same with 256 colours, if pngquant is there.
fn small(picture: &[u8]) -> Option<Vec<u8>> {
    let mut pngquant = Command::new("pngquant")
        .args(["--strip", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut input = pngquant.stdin.take()?;
    // it reads everything before it writes anything
    input.write_all(picture).ok()?;
    drop(input);
    let output = pngquant.wait_with_output().ok()?;
    output.status.success().then_some(output.stdout)
}

#[test]
fn screenshots() {
    let Some(folder) = std::env::var_os("VISORD_SCREENSHOTS").map(PathBuf::from) else {
        crate::harness::skip("VISORD_SCREENSHOTS names no folder");
        return;
    };
    let Some(scene) = Scene::prepared(SHOP, &[("queue.txt", words())]) else {
        return;
    };
    fs::create_dir_all(&folder).expect("the folder");
    scene.daemon.wait_state("mailer", "FATAL");
    scene.devtools(
        "Emulation.setDeviceMetricsOverride",
        &json!({"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": false}),
    );
    prefer(&scene, "light", "");
    scene.visit("");
    // curves that one can see something in
    scene.wait(
        "curves",
        "document.querySelector('tr[data-name=\"shop:web_4\"] path')\
         ?.getAttribute('d').split(/L|l/).length >= 12",
    );
    take(&scene, &folder, "processes-light");
    prefer(&scene, "dark", "");
    take(&scene, &folder, "processes-dark");
    scene.click("button[name=group][value='restart shop']");
    take(&scene, &folder, "dialog-dark");
    scene.press(&[crate::webdriver::keys::ESCAPE]);
    prefer(&scene, "light", "");
    be_a_desktop(&scene);
    be_a_phone(&scene, 390);
    take(&scene, &folder, "processes-phone");
    be_a_desktop(&scene);
    scene.devtools(
        "Emulation.setDeviceMetricsOverride",
        &json!({"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": false}),
    );
    prefer(&scene, "dark", "");
    scene.visit("log.html?name=queue");
    scene.wait(
        "the log",
        "document.querySelectorAll('#log .line').length >= 60",
    );
    take(&scene, &folder, "log-dark");
    prefer(&scene, "light", "");
    for (page, name) in [
        ("events.html", "events"),
        ("config.html?section=program%3Aqueue", "config"),
        ("about.html", "about"),
    ] {
        scene.visit(page);
        take(&scene, &folder, name);
    }
}
