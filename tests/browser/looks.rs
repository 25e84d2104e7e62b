//! Dark and light, phones, paper, keyboards: what every page keeps.

use serde_json::json;

use crate::scene::Scene;
use crate::webdriver::{Browser, keys};

/// A few programs, some of whose names are long.
pub(crate) const PROGRAMS: &str = "\
[program:cat]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile=@DIR@/cat.log\n\
[program:a-rather-long-name-of-a-program-that-a-user-chose]\ncommand=/bin/sleep 1000\n\
numprocs=3\nprocess_name=%(program_name)s-%(process_num)02d\nstartsecs=0\n\
[program:broken]\ncommand=/bin/sh -c 'echo no >&2; exit 3'\nstartretries=0\n\
[program:absent]\ncommand=/nonexistent/program\nstartretries=0\n";

/// Every page, without the leading slash.
pub(crate) const PAGES: [&str; 9] = [
    "",
    "index.html?process=cat",
    "tail.html?processname=cat",
    "log.html?name=broken&channel=stderr",
    "events.html",
    "activity.html",
    "config.html",
    "config.html?section=program%3Acat",
    "about.html",
];

/// Prefer this color scheme, on this medium ("" for the screen).
pub(crate) fn prefer(browser: &Browser, scheme: &str, medium: &str) {
    let features = json!([
        {"name": "prefers-color-scheme", "value": scheme},
        // colours change at once
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]);
    browser.devtools(
        "Emulation.setEmulatedMedia",
        &json!({"features": features, "media": medium}),
    );
}

/// Be a phone that is this wide.
pub(crate) fn be_a_phone(browser: &Browser, width: u32) {
    browser.devtools(
        "Emulation.setDeviceMetricsOverride",
        &json!({"width": width, "height": 740, "deviceScaleFactor": 2, "mobile": true}),
    );
}

/// Be the window again.
pub(crate) fn be_a_desktop(browser: &Browser) {
    browser.devtools("Emulation.clearDeviceMetricsOverride", &json!({}));
}

/// Brightness of a computed color, 0 to 255.
fn brightness(color: &str) -> f64 {
    let numbers = color.trim_start_matches(|c: char| !c.is_ascii_digit());
    let parts: Vec<f64> = numbers
        .trim_end_matches(')')
        .split(',')
        .filter_map(|part| part.trim().parse().ok())
        .collect();
    parts.iter().take(3).sum::<f64>() / 3.0
}

fn paper_and_ink(browser: &Browser) -> (f64, f64) {
    (
        brightness(&browser.style("body", "backgroundColor")),
        brightness(&browser.style("body", "color")),
    )
}

#[test]
fn light_and_dark_by_the_systems_setting() {
    let Some(scene) = Scene::new(PROGRAMS) else {
        return;
    };
    for page in PAGES {
        prefer(&scene, "light", "");
        scene.visit(page);
        let (paper, ink) = paper_and_ink(&scene);
        assert!(paper > 200.0 && ink < 80.0, "{page}: {paper} {ink}");
        // no reload: the setting may change while the page is open
        prefer(&scene, "dark", "");
        let (paper, ink) = paper_and_ink(&scene);
        assert!(paper < 60.0 && ink > 180.0, "{page}: {paper} {ink}");
    }
}

#[test]
fn no_width_scrolls_sideways() {
    let Some(scene) = Scene::new(PROGRAMS) else {
        return;
    };
    for width in [320, 375, 768, 1024, 1280] {
        be_a_phone(&scene, width);
        for page in PAGES {
            scene.visit(page);
            let needed = scene.run("return document.documentElement.scrollWidth");
            assert_eq!(needed, width, "{page} at {width}");
        }
    }
}

/// The selector's element has the focus, and that can be seen.
fn assert_visible_focus(browser: &Browser) {
    let unseen = browser.run(
        "const part = document.activeElement, box = part.getBoundingClientRect();\
         const style = getComputedStyle(part);\
         if (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1\
             && box.width > 0 && box.left >= 0 && box.top >= 0\
             && box.right <= innerWidth && box.bottom <= innerHeight) return '';\
         return [part.outerHTML, style.outline, JSON.stringify(box), innerWidth, innerHeight].join()",
    );
    assert_eq!(unseen, "");
}

/// Everything is reached with TAB in the order of the page, shows its focus, and works.
#[test]
fn keys_are_enough() {
    let Some(scene) = Scene::new(PROGRAMS) else {
        return;
    };
    scene.daemon.wait_state("cat", "RUNNING");
    scene.visit("");
    scene.press(&[keys::TAB]);
    assert_eq!(scene.run("return document.activeElement.hash"), "#main");
    assert_visible_focus(&scene);
    let mut stops = 0;
    let wanted = "return document.activeElement.matches('button[name=stop][value=cat]')";
    while scene.run(wanted) != json!(true) {
        scene.press(&[keys::TAB]);
        assert_visible_focus(&scene);
        stops += 1;
        assert!(stops < 100, "the button is never reached");
    }
    scene.press(&[keys::ENTER]);
    scene.daemon.wait_state("cat", "STOPPED");
}
#[test]
fn paper_is_white_and_has_no_buttons() {
    let Some(scene) = Scene::new(PROGRAMS) else {
        return;
    };
    prefer(&scene, "dark", "print");
    for page in PAGES {
        scene.visit(page);
        let (paper, ink) = paper_and_ink(&scene);
        assert!(paper > 200.0 && ink < 80.0, "{page}: {paper} {ink}");
        let shown = scene.run(
            "return Array.from(document.querySelectorAll('button, nav, input, select, .button'))\
             .filter(part => part.checkVisibility()).length",
        );
        assert_eq!(shown, 0, "{page}");
    }
}
