//! The pages about the daemon and its configuration.

use crate::scene::Scene;

const PROGRAMS: &str = "\
[program:cat]\ncommand=/bin/cat\nautostart=false\n\
environment=API_TOKEN=\"hunter2hunter2\",COLOUR=\"green\"\n\
[web_user:vera]\npassword=hunter3hunter3\nrole=view\nservers=inet_http_server\n";

const LOGIN: &str = "username=me\npassword=hunter4hunter4";

fn log_in(scene: &Scene, user: &str, password: &str) {
    scene.open(&format!(
        "http://{user}:{password}@127.0.0.1:{}/",
        scene.port
    ));
}

#[test]
fn the_configuration_without_its_secrets() {
    let Some(scene) = Scene::with(LOGIN, PROGRAMS) else {
        return;
    };
    log_in(&scene, "me", "hunter4hunter4");
    for page in [
        "config.html",
        "config.html?section=program%3Acat",
        "config.html?section=inet_http_server",
    ] {
        scene.visit(page);
        let source = scene.run("return document.documentElement.outerHTML");
        let source = source.as_str().expect("a page");
        assert!(!source.contains("hunter"), "{page}: {source}");
    }
    scene.visit("config.html");
    assert!(scene.texts("h2").contains(&"[supervisord]".to_owned()));
    scene.click("a[href$='section=program%3Acat']");
    scene.wait(
        "the section",
        "location.search.includes('section=program%3Acat')",
    );
    let row = |key: &str| scene.texts(&format!("tr[data-option='{key}'] td")).concat();
    assert!(row("command").contains("/bin/cat"));
    assert!(
        row("command").contains("s.conf"),
        "where it comes from: {}",
        row("command")
    );
    assert!(row("environment").contains("COLOUR"));
    assert!(scene.count("tr.unset") > 10, "defaults are told");
    scene.assert_quiet();
}

#[test]
fn about_and_who_may_see_what() {
    let Some(scene) = Scene::with(LOGIN, PROGRAMS) else {
        return;
    };
    log_in(&scene, "vera", "hunter3hunter3");
    scene.visit("about.html");
    let facts = scene.text("#about");
    assert!(facts.contains(&scene.daemon.pid().to_string()), "{facts}");
    assert!(scene.text("#listeners").contains(&scene.port.to_string()));
    // command lines may hold secrets that no program can recognize
    let places = scene.texts("nav a");
    assert!(places.contains(&"About".to_owned()) && !places.contains(&"Configuration".to_owned()));
    scene.visit("config.html");
    assert_eq!(scene.text("h1"), "403 Forbidden");
}

/// Every place of the navigation is a page, and says that one is there.
#[test]
fn every_place_is_reached() {
    let Some(scene) = Scene::new("") else {
        return;
    };
    scene.visit("");
    let places = scene.texts("nav[aria-label=Pages] a");
    assert!(places.len() >= 5, "{places:?}");
    for place in places {
        let number = scene.texts("nav[aria-label=Pages] a");
        let at = number
            .iter()
            .position(|name| *name == place)
            .expect("a place")
            + 1;
        scene.click(&format!("nav[aria-label=Pages] a:nth-of-type({at})"));
        let here = serde_json::Value::from(place);
        scene.wait(
            "the page",
            &format!("document.querySelector('nav a[aria-current=page]')?.textContent === {here}"),
        );
    }
    scene.assert_quiet();
}
