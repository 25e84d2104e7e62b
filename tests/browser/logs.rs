//! The log page: follows, pauses, searches, colours, and stays quick.

use serde_json::json;
use visord_xmlrpc::Value as Rpc;

use crate::harness::wait_until;
use crate::scene::Scene;
use crate::webdriver::keys;
use crate::wire::Wire;

/// Says what it is told on its standard output.
const CAT: &str = "[program:cat]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile=@DIR@/cat.log\n\
                   stderr_logfile=@DIR@/cat.err\n";

const PAGE: &str = "log.html?name=cat&channel=stdout";

/// The script shows the log and hears what comes.
const READY: &str = "window.logView?.state.stream";

fn say(scene: &Scene, text: &str) {
    let arguments = [Rpc::from("cat"), Rpc::from(text)];
    scene.daemon.call("supervisor.sendProcessStdin", &arguments);
}

fn say_numbers(scene: &Scene, from: u32, to: u32) {
    let lines: String = (from..=to).map(|n| format!("line {n}\n")).collect();
    say(scene, &lines);
}

/// Wait until the newest line that is drawn is this.
fn expect_last(scene: &Scene, line: &str) {
    let line = serde_json::Value::from(line);
    let expression =
        format!("[...document.querySelectorAll('#log .line')].at(-1)?.innerText === {line}");
    scene.wait(&format!("the line {line}"), &expression);
}

fn open(scene: &Scene) {
    scene.daemon.wait_state("cat", "RUNNING");
    scene.visit(PAGE);
    scene.wait("the log", READY);
}

#[test]
fn follows_pauses_and_goes_on() {
    let Some(scene) = Scene::new(CAT) else {
        return;
    };
    scene.daemon.wait_state("cat", "RUNNING");
    say_numbers(&scene, 1, 200);
    open(&scene);
    expect_last(&scene, "line 200");
    say_numbers(&scene, 201, 202);
    expect_last(&scene, "line 202");
    assert_eq!(scene.text("#follow"), "Following");
    let at_end = "(log => log.scrollHeight - log.scrollTop - log.clientHeight < 4)(document.getElementById('log'))";
    scene.wait("the end in sight", at_end);

    scene.run("document.getElementById('log').focus()");
    scene.press(&[keys::PAGE_UP]);
    scene.wait(
        "a pause",
        "document.getElementById('follow').textContent === 'Paused'",
    );
    let place = scene.run_async(
        "const log = document.getElementById('log');
         for (let still = 0, top = -1; still < 10; top = log.scrollTop) {
             await new Promise(next => requestAnimationFrame(next));
             still = log.scrollTop === top ? still + 1 : 0;
         }
         return log.scrollTop;",
        &json!([]),
    );
    say_numbers(&scene, 203, 205);
    scene.wait(
        "the number of new lines",
        "document.getElementById('news').innerText.includes('3 new lines')",
    );
    assert_eq!(
        scene.run("return document.getElementById('log').scrollTop"),
        place
    );
    scene.click("#news");
    expect_last(&scene, "line 205");
    scene.wait("the end in sight", at_end);
    say_numbers(&scene, 206, 206);
    expect_last(&scene, "line 206");
    scene.assert_quiet();
}

#[test]
fn colours_are_shown_and_nothing_runs() {
    // XML, which orders come in, has no letter for ESC
    let teller = "[program:cat]\ncommand=/bin/sh -c 'while read x; do cat words; done'\n\
                  directory=@DIR@\nstartsecs=0\nstdout_logfile=@DIR@/cat.log\n";
    let Some(scene) = Scene::new(teller) else {
        return;
    };
    let words = format!(
        "plain \u{1b}[31mred\u{1b}[0m \u{1b}[1;44mbold on blue\u{1b}[m\n\
         \u{1b}[38;2;1;2;3m\u{1b}]0;title\u{7}\u{1b}[999;999Hodd\u{1b}[0m\n{}\n",
        crate::hostile::WORDS
    );
    std::fs::write(scene.daemon.path("words"), words).expect("write");
    scene.daemon.wait_state("cat", "RUNNING");
    scene.prepare(crate::hostile::WITNESS);
    let say_all = || say(&scene, "go\n");
    say_all();
    wait_until("the log", || {
        scene.daemon.text("cat.log").contains("onload=alert(3)>\n")
    });
    // rendered by the server, and by the script as the lines come
    scene.visit(PAGE);
    scene.wait("the log", READY);
    say_all();
    scene.wait(
        "the lines",
        "document.querySelectorAll('#log .line').length === 6",
    );
    let lines = scene.texts("#log .line");
    assert_eq!(lines[0], "plain red bold on blue");
    assert!(lines[1].ends_with("odd"), "{lines:?}");
    assert_eq!(lines[2], crate::hostile::WORDS);
    assert_eq!(lines[..3], lines[3..]);
    crate::hostile::assert_harmless(&scene, "the live log");
    let colors = scene.run(
        "const spans = [...document.querySelectorAll('#log .line:first-child span')];
         const style = text => getComputedStyle(spans.find(s => s.textContent.includes(text)));
         const plain = getComputedStyle(document.querySelector('#log .line'));
         return [style('red').color !== plain.color, Number(style('bold').fontWeight) >= 600,
             style('bold').backgroundColor !== plain.backgroundColor]",
    );
    assert_eq!(colors, json!([true, true, true]));
}

#[test]
fn search_wrap_and_download() {
    let Some(scene) = Scene::new(CAT) else {
        return;
    };
    scene.daemon.wait_state("cat", "RUNNING");
    say_numbers(&scene, 1, 300);
    say(&scene, &format!("wide {}\n", "x".repeat(3000)));
    open(&scene);
    scene.fill("#find", "line 29");
    // 29 and 290 to 299
    scene.wait(
        "the matches",
        "document.getElementById('count').textContent.includes('11')",
    );
    scene.press(&[keys::ENTER]);
    scene.wait(
        "a mark in sight",
        "document.querySelector('#log .current mark')?.checkVisibility()",
    );
    let first = scene.text("#log .current");
    scene.press(&[keys::ENTER]);
    scene.wait(
        "the next match",
        &format!("document.querySelector('#log .current').innerText !== '{first}'"),
    );
    scene.click("#only");
    scene.wait(
        "only matches",
        "document.querySelectorAll('#log .line').length === 11",
    );

    scene.click("#only");
    let sideways = "(log => log.scrollWidth > log.clientWidth)(document.getElementById('log'))";
    scene.click("#follow");
    scene.wait("wrapped lines", &format!("!({sideways})"));
    scene.click("#wrap");
    scene.wait("one long line", sideways);
    scene.reload();
    scene.wait("the log", READY);
    scene.wait("one long line still", sideways);

    let file = scene.daemon.text("cat.log");
    let (kind, downloaded) = {
        let answer = scene.run_async(
            "const answer = await fetch(document.getElementById('download').href);
             return [answer.headers.get('Content-Disposition'), await answer.text()];",
            &json!([]),
        );
        (answer[0].clone(), answer[1].clone())
    };
    assert!(
        kind.as_str()
            .is_some_and(|kind| kind.starts_with("attachment")),
        "{kind}"
    );
    assert_eq!(downloaded.as_str(), Some(file.as_str()));
    scene.assert_quiet();
}

/// Cut, write, mend: every line once, in order.
#[test]
fn a_lost_connection_loses_and_doubles_no_line() {
    let Some(scene) = Scene::new(CAT) else {
        return;
    };
    scene.daemon.wait_state("cat", "RUNNING");
    let wire = Wire::to(scene.port);
    scene.open(&format!("http://127.0.0.1:{}/{PAGE}", wire.port));
    scene.wait(
        "the log",
        "window.logView || document.getElementById('absent')",
    );
    say_numbers(&scene, 1, 10);
    scene.wait("the log", READY);
    expect_last(&scene, "line 10");
    let lost = "document.getElementById('connection').checkVisibility()";
    for round in 1..=3 {
        say_numbers(&scene, round * 10 + 1, round * 10 + 5);
        wire.cut();
        scene.wait("the banner", lost);
        say_numbers(&scene, round * 10 + 6, round * 10 + 10);
        wire.mend();
        scene.wait("no banner", &format!("!({lost})"));
        expect_last(&scene, &format!("line {}", round * 10 + 10));
    }
    let expected: Vec<String> = (1..=40).map(|n| format!("line {n}")).collect();
    assert_eq!(scene.texts("#log .line"), expected);
}

/// A tab that hangs while its program writes a lot: the program is not held up, and the page
/// is at the end soon after.
#[test]
fn a_frozen_tab_holds_no_program_up() {
    let flood = "[program:cat]\ncommand=/bin/sh -c 'read go; seq 4000000; touch done; cat'\n\
                 directory=@DIR@\nstartsecs=0\nstdout_logfile=@DIR@/cat.log\n\
                 stdout_logfile_maxbytes=0\n";
    let Some(scene) = Scene::new(flood) else {
        return;
    };
    scene.daemon.wait_state("cat", "RUNNING");
    wait_until("the log", || scene.daemon.path("cat.log").exists());
    let bypass = json!({"enabled": true});
    scene.devtools("Page.setBypassCSP", &bypass);
    scene.visit(PAGE);
    scene.wait("the log", READY);
    // the page's thread hangs in a request to a site that answers when it is told to
    let gate = crate::elsewhere::Gate::new();
    let url = gate.url();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            scene.run_with(
                "const request = new XMLHttpRequest();
                 request.open('GET', arguments[0], false);
                 try { request.send(); } catch {}",
                &json!([url]),
            )
        });
        gate.wait_for_visitor();
        say(&scene, "go\n");
        wait_until("the program to end its flood", || {
            scene.daemon.path("done").exists()
        });
        gate.open();
    });
    expect_last(&scene, "4000000");
    say(&scene, "and on\n");
    expect_last(&scene, "and on");
}

/// 100,000 lines: few elements, quick to scroll, search and follow.
#[test]
fn a_hundred_thousand_lines_stay_smooth() {
    let many = "[program:cat]\ncommand=/bin/sh -c 'seq -f \"%%06.0f some words of a log line\" 120000; cat'\n\
                startsecs=0\nstdout_logfile=@DIR@/cat.log\nstdout_logfile_maxbytes=0\n";
    let Some(scene) = Scene::new(many) else {
        return;
    };
    wait_until("the log", || {
        scene.daemon.text("cat.log").contains("\n120000 ")
    });
    scene.visit(PAGE);
    scene.wait("the log", READY);
    // load everything by scrolling up
    scene.run("document.getElementById('log').focus()");
    scene.wait(
        "100,000 lines",
        "(document.getElementById('log').scrollTop = 0, window.logView.view.count >= 100000)",
    );
    assert!(
        scene.count("#log .line") < 2000,
        "{}",
        scene.count("#log .line")
    );
    let gaps = scene.run_async(
        "const log = document.getElementById('log');
         const gaps = [];
         let last = performance.now();
         for (let step = 0; step <= 120; step += 1) {
             log.scrollTop = log.scrollHeight * (step * 37 % 120) / 120;
             await new Promise(next => requestAnimationFrame(next));
             const now = performance.now();
             gaps.push(now - last);
             last = now;
         }
         const searched = performance.now();
         const find = document.getElementById('find');
         find.value = '7777';
         find.dispatchEvent(new Event('input'));
         while (!document.getElementById('count').textContent)
             await new Promise(next => requestAnimationFrame(next));
         gaps.sort((a, b) => a - b);
         return {median: gaps[60], p95: gaps[114], most: gaps.at(-1),
                 search: performance.now() - searched};",
        &json!([]),
    );
    println!("frames while jumping through 100,000 lines, in ms: {gaps}");
    // a machine that does ten things at once is slower, but never by this much
    assert!(
        gaps["median"].as_f64().is_some_and(|gap| gap < 250.0),
        "{gaps}"
    );
    assert!(scene.count("#log .line") < 2000);
    scene.click("#follow");
    say(&scene, "the end\n");
    expect_last(&scene, "the end");
}

/// What is above the first line after a rotation is in the old file, after a clear nowhere.
#[test]
fn scrolling_up_after_a_rotation_shows_nothing_twice() {
    let Some(scene) = Scene::new(CAT) else {
        return;
    };
    scene.daemon.wait_state("cat", "RUNNING");
    let numbers = |from: u32, to: u32| {
        for start in (from..=to).step_by(2000) {
            let text: String = (start..start + 2000)
                .map(|n| format!("line {n:0>60}\n"))
                .collect();
            say(&scene, &text);
        }
        let last = format!("{to:0>60}\n");
        wait_until("the log", || scene.daemon.text("cat.log").ends_with(&last));
    };
    numbers(1, 16_000);
    open(&scene);
    let last = |number: u32| expect_last(&scene, &format!("line {number:0>60}"));
    last(16_000);
    let process = [Rpc::from("cat")];
    scene.daemon.call("supervisor.rotateProcessLogs", &process);
    numbers(16_001, 20_000);
    last(20_000);
    // scroll up until nothing more is loaded, then compare with what was written
    let all = "const {view} = window.logView;
         const log = document.getElementById('log');
         log.focus();
         for (let still = 0, count = 0; still < 20;) {
             log.scrollTop = 0;
             view.toStart();
             view.scrolled();
             await new Promise(next => setTimeout(next, 50));
             still = view.count === count ? still + 1 : 0;
             count = view.count;
         }
         return view.blocks.flatMap(block => block.lines).filter(line => !line.note)
             .map(line => Number(line.text.slice(5)));";
    let expected: Vec<u32> = (1..=20_000).collect();
    assert!(scene.run_async(all, &json!([])) == json!(expected));
    // cleared: the view is all there is
    scene.visit(PAGE);
    scene.wait("the log", READY);
    last(20_000);
    scene.daemon.call("supervisor.clearProcessLogs", &process);
    numbers(20_001, 24_000);
    last(24_000);
    let shown = scene.run_async(all, &json!([]));
    let shown: Vec<u32> = serde_json::from_value(shown).expect("numbers");
    assert!(
        shown.windows(2).all(|two| two[0] + 1 == two[1]),
        "no gap, nothing twice"
    );
    assert_eq!(shown.last(), Some(&24_000));
    scene.assert_quiet();
}

#[test]
fn without_scripts() {
    let Some(scene) = Scene::new(CAT) else {
        return;
    };
    scene.daemon.wait_state("cat", "RUNNING");
    let off = json!({"value": true});
    scene.devtools("Emulation.setScriptExecutionDisabled", &off);
    let long: String = (1..=20_000).map(|n| format!("line {n}\n")).collect();
    for part in long.as_bytes().chunks(32 * 1024) {
        say(&scene, std::str::from_utf8(part).expect("ASCII"));
    }
    wait_until("the log", || {
        scene.daemon.text("cat.log").ends_with("line 20000\n")
    });
    scene.visit(PAGE);
    assert!(scene.text("#log").ends_with("line 20000"));
    scene.click("#older");
    scene.wait(
        "older lines",
        "!document.getElementById('log').innerText.includes('line 20000')",
    );
    scene.click("#end");
    scene.wait(
        "the end",
        "document.getElementById('log').innerText.includes('line 20000')",
    );
    scene.fill("#find", "line 777");
    scene.click("#search");
    scene.wait(
        "matches",
        "document.getElementById('log').innerText.includes('line 7777')",
    );
    assert!(!scene.text("#log").contains("line 20000"));
    scene.visit("log.html?name=cat&channel=stderr");
    assert_eq!(scene.texts(".tabs a[aria-current]"), ["stderr"]);
    for address in ["log.html?name=nobody", "log.html"] {
        scene.visit(address);
        assert_eq!(scene.count("#log"), 0, "{address}");
    }
}

#[test]
fn the_activity_log_is_live() {
    let Some(scene) = Scene::new(CAT) else {
        return;
    };
    scene.daemon.wait_state("cat", "RUNNING");
    scene.visit("activity.html");
    scene.wait("the log", READY);
    scene.wait(
        "the past",
        "document.getElementById('log').innerText.includes(\"spawned: 'cat'\")",
    );
    scene.daemon.ctl(&["stop", "cat"]);
    scene.wait(
        "the present",
        "document.getElementById('log').innerText.includes('stopped: cat')",
    );
    scene.click("#level option[value=WARN]");
    scene.wait(
        "fewer lines",
        "!document.getElementById('log').innerText.includes(\"spawned: 'cat'\")",
    );
    scene.assert_quiet();
}
