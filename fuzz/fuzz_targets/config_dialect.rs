//! Any bytes as a configuration file: reading never panics, what was read is written so
//! that it reads the same, and values are expanded or refused.

#![no_main]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use visord_config::dialect::{Document, decode};
use visord_config::expand::Scope;
use visord_config::value::parse_environment;

#[path = "../../config/tests/it/render.rs"]
mod render;
use render::render;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = decode(bytes) else { return };
    let file: Arc<Path> = Arc::from(Path::new("fuzz.conf"));
    let mut document = Document::default();
    document.read(text, &file);
    let mut again = Document::default();
    let problems = again.read(&render(&document), &file);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(content(&document), content(&again));
    let environment = BTreeMap::from([("HOME".to_owned(), "/".into())]);
    let scope = Scope::of(&environment).number("process_num", 7);
    for (_, _, value) in content(&document) {
        if let Ok(expanded) = scope.expand(&value, "option") {
            // a refusal is as good as an answer
            let _ = parse_environment(&expanded);
        }
    }
});

/// Section, option and value of everything.
fn content(document: &Document) -> Vec<(String, String, String)> {
    let sections = document.defaults().into_iter().chain(document.sections());
    sections
        .flat_map(|section| {
            section.entries().iter().map(|entry| {
                let (key, value) = (entry.key.clone(), entry.value.clone());
                (section.name.clone(), key, value)
            })
        })
        .collect()
}
