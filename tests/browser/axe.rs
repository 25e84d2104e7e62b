//! An audit of every page by axe-core (npm), light and dark, on a desk and on a phone.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::looks::{PAGES, PROGRAMS, be_a_desktop, be_a_phone, prefer};
use crate::scene::Scene;

/// The program of axe-core, from where `npm install` put it (see `.ci/run`); says so if it is
/// missing.
fn axe() -> Option<String> {
    let folder = PathBuf::from(std::env::var_os("VISORD_NODE_MODULES").unwrap_or_default());
    let program = std::fs::read_to_string(folder.join("axe-core/axe.min.js"));
    if program.is_err() {
        crate::harness::skip("the npm package axe-core is not in VISORD_NODE_MODULES");
    }
    program.ok()
}

/// What axe finds on the page that is open: rule, weight and where.
fn findings(scene: &Scene, axe: &str) -> Vec<String> {
    // axe is run beside the page's policy, as DevTools are
    scene.run(&format!("{axe}\nreturn true"));
    let found = scene.run_async(
        "const found = await axe.run(document, {resultTypes: ['violations']});\
         return found.violations.map(rule => [rule.id, rule.impact,\
             rule.nodes.map(node => node.target.join(' ') + ' ' + (node.any[0]?.message ?? ''))])",
        &json!([]),
    );
    let found = found.as_array().expect("a list");
    found.iter().map(Value::to_string).collect()
}

#[test]
fn axe_finds_nothing() {
    let Some(axe) = axe() else {
        return;
    };
    let Some(scene) = Scene::new(PROGRAMS) else {
        return;
    };
    scene.daemon.wait_state("broken", "FATAL");
    let mut complaints = Vec::new();
    for scheme in ["light", "dark"] {
        prefer(&scene, scheme, "");
        for phone in [false, true] {
            if phone {
                be_a_phone(&scene, 375);
            } else {
                be_a_desktop(&scene);
            }
            let size = if phone { "phone" } else { "desktop" };
            for page in PAGES {
                scene.visit(page);
                for finding in findings(&scene, &axe) {
                    complaints.push(format!("/{page} {scheme} {size}: {finding}"));
                }
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
