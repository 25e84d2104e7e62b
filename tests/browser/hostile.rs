//! Names and words that would be scripts if a page believed them.

use crate::scene::Scene;
use crate::webdriver::Browser;

/// Notes every script that runs though it should not, and everything the policy refused.
pub(crate) const WITNESS: &str = "window.pwned = [];
    window.alert = words => window.pwned.push(String(words));
    document.addEventListener('securitypolicyviolation', refused =>
        window.pwned.push(refused.violatedDirective + ' ' + refused.blockedURI));";

/// What is tried everywhere. Each ends a context that a careless page could have put it into.
pub(crate) const WORDS: &str = "</pre></title></script><script>alert(1)</script>\
                     \"'><img src=x onerror=alert(2)><svg onload=alert(3)>";

/// The same for a name, which may have neither a space nor a slash.
const NAME: &str = "\"'><img\tsrc=x\tonerror=alert(4)><svg\tonload=alert(5)>";

pub(crate) fn assert_harmless(browser: &Browser, page: &str) {
    // scripts of handlers run after the page has loaded
    let pwned = browser.run_async(
        "await new Promise(next => setTimeout(next, 50)); return window.pwned",
        &serde_json::json!([]),
    );
    assert_eq!(pwned, serde_json::json!([]), "{page}");
    assert_eq!(browser.count("img[src=x], svg[onload]"), 0, "{page}");
}

/// The text as part of a URL.
fn quoted(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn nothing_that_programs_say_or_are_called_runs() {
    let program = format!(
        "[program:{NAME}]\ncommand=/bin/sh -c 'cat say; cat say >&2; exec sleep 1000'\n\
         directory=@DIR@\nstartsecs=0\nautostart=false\n\
         stdout_logfile=@DIR@/out.log\nstderr_logfile=@DIR@/err.log\n\
         [program:{NAME}2]\ncommand=/nonexistent/{NAME}\nstartretries=0\n"
    );
    let Some(scene) = Scene::new(&program) else {
        return;
    };
    std::fs::write(scene.daemon.path("say"), format!("{WORDS}\n")).expect("write");
    let started = scene.daemon.call("supervisor.startProcess", &[NAME.into()]);
    assert_eq!(started.as_bool(), Some(true));
    crate::harness::wait_until("the words in the log", || {
        scene.daemon.text("out.log").contains("</script>")
    });
    scene.prepare(WITNESS);
    let (name, words) = (quoted(NAME), quoted(WORDS));
    for page in [
        String::new(),
        format!("index.html?message={words}"),
        format!("index.html?processname={words}&action=start"),
        format!("index.html?q={words}&state={words}"),
        format!("index.html?process={name}"),
        format!("index.html?process={words}"),
        format!("log.html?name={name}"),
        format!("log.html?name={name}&channel=stderr&find={words}&at={words}"),
        format!("log.html?name={words}&channel={words}"),
        "activity.html".to_owned(),
        format!("activity.html?find={words}&level={words}"),
        "events.html".to_owned(),
        format!("events.html?type={words}&name={words}&text={words}"),
        "config.html".to_owned(),
        format!("config.html?section=program%3A{name}"),
        format!("config.html?section={words}"),
        format!("about.html?{words}"),
        format!("tail.html?processname={name}&limit=4096"),
        format!("tail.html?processname={words}"),
        format!("tail.html?processname={name}&limit={words}"),
        format!("logtail/{words}"),
        words,
    ] {
        scene.visit(&page);
        assert_harmless(&scene, &page);
    }
    scene.visit(&format!("tail.html?processname={name}"));
    assert!(scene.text("pre").contains(WORDS));
}
