//! Which crate may depend on which, and what the lowest ones cannot do.

use std::fs;

use crate::{assert_none, root, shipped_sources};

/// Each crate, and those of ours that it may depend on.
const LAYERS: [(&str, &[&str]); 8] = [
    ("model", &[]),
    ("xmlrpc", &["model"]),
    ("cluster", &["model"]),
    ("files", &[]),
    ("config", &["model", "cluster", "files"]),
    ("logs", &["model", "files", "config"]),
    (
        "actors",
        &["model", "cluster", "files", "config", "xmlrpc", "logs"],
    ),
    (
        "web",
        &[
            "model", "cluster", "files", "config", "xmlrpc", "logs", "actors",
        ],
    ),
];

/// The crates of ours that a manifest depends on, without those of its tests.
fn dependencies(manifest: &str) -> Vec<&str> {
    let sections = manifest.split("\n[").filter(|section| {
        let name = section.split(']').next().unwrap_or("");
        name.ends_with("dependencies") && !name.contains("dev-") && !name.starts_with("workspace")
    });
    let lines = sections.flat_map(str::lines);
    lines
        .filter_map(|line| line.strip_prefix("visord-"))
        .map(|rest| rest.split(['.', ' ', '=']).next().unwrap_or(""))
        .collect()
}

#[test]
fn dependencies_point_down() {
    let mut complaints = Vec::new();
    for (package, allowed) in LAYERS {
        let manifest = fs::read_to_string(root().join(package).join("Cargo.toml")).expect(package);
        for name in dependencies(&manifest) {
            if !allowed.contains(&name) {
                complaints.push(format!("{package} must not depend on {name}"));
            }
        }
        if package == "model" {
            assert!(!manifest.contains("\n[dependencies]"), "model has none");
        }
    }
    let workspace = fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let members = workspace.lines().find(|line| line.starts_with("members"));
    // what tests share, and the simulation, are no layers
    let count = members.unwrap_or("").matches('"').count() / 2 - 2;
    assert_eq!(count, LAYERS.len(), "a crate without a place: {members:?}");
    assert_none(&complaints);
}

#[test]
fn model_is_no_std() {
    let lib = fs::read_to_string(root().join("model/src/lib.rs")).expect("model");
    assert!(lib.contains("#![no_std]") && lib.contains("#![forbid(unsafe_code)]"));
    for source in shipped_sources() {
        if source.name.starts_with("model/src") {
            assert!(!source.code().contains("std::"), "{} uses std", source.name);
        }
    }
}
