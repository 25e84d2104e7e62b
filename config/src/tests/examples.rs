//! The files we ship, and those of others.

use std::path::{Path, PathBuf};

use visord_model::log_line::Level;

use super::{Place, load};
use crate::keys::{PROGRAM, kind_of, kinds};
use crate::{HostContext, Overrides, SAMPLE, check, load_client};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config-examples")
}

fn host() -> HostContext {
    HostContext {
        environment: crate::environment(std::env::vars()),
        node_name: "node".to_owned(),
        cwd: PathBuf::from("/"),
    }
}

fn main_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            main_files(&path, found);
        } else if path.extension().is_some_and(|end| end == "conf") {
            let text = std::fs::read_to_string(&path).expect("a text");
            if text.lines().any(|line| line == "[supervisord]") {
                found.push(path);
            }
        }
    }
}

#[test]
fn every_example_loads_without_a_warning() {
    let mut files = Vec::new();
    main_files(&folder(), &mut files);
    assert!(files.len() >= 9, "{files:?}");
    for file in files {
        let report = check(&file, &Overrides::default(), &host());
        assert_eq!(report.warnings, [], "{}", file.display());
        let config = report.outcome.unwrap_or_else(|error| panic!("{error:?}"));
        let remarks = config
            .remarks
            .iter()
            .filter(|line| line.level == Level::Warn);
        assert_eq!(remarks.count(), 0, "{}", file.display());
        load_client(Some(&file), &host()).expect("the client's part");
    }
}

/// The text of supervisord.conf with the lines changed that are comments of this kind.
fn uncommented(marker: &str, only: Option<&str>) -> String {
    let text = std::fs::read_to_string(folder().join("supervisord.conf")).expect("the example");
    let is_option = |rest: &str| {
        let key = rest.split(" = ").next().unwrap_or_default();
        rest.contains(" = ") && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    };
    let line = |line: &str| match line.strip_prefix(marker) {
        Some(rest) if is_option(rest) && only.is_none_or(|only| only == line) => rest.to_owned(),
        Some(_) | None => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_defaults_shown_are_the_defaults() {
    let place = Place::with("");
    let load = |text: &str| {
        place.write("s.conf", text);
        let client = load_client(Some(Path::new("s.conf")), &place.host());
        (place.load().expect("a configuration"), client)
    };
    let plain = load(&uncommented("no such marker", None));
    assert_eq!(load(&uncommented(";", None)), plain);
}

#[test]
fn the_other_options_shown_are_valid() {
    let text = uncommented("no such marker", None);
    let examples: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with(";; "))
        .collect();
    assert!(examples.len() > 10);
    for line in examples {
        const CERT: &str = ";; tls_cert = /etc/visord/cert.pem";
        const KEY: &str = ";; tls_key = /etc/visord/key.pem";
        let partners: &[&str] = match line.split(' ').nth(1) {
            Some("username") => &[";; password = secret"],
            Some("password") => &[";; username = admin"],
            Some("tls_cert") => &[KEY],
            Some("tls_key") => &[CERT],
            Some("tls_client_ca") => &[CERT, KEY],
            _ => &[],
        };
        let mut text = uncommented(";; ", Some(line));
        for partner in partners {
            text = text.replace(partner, &partner[3..]);
        }
        let report = Place::with(&text).check();
        assert_eq!(report.warnings, [], "{line}");
        report
            .outcome
            .unwrap_or_else(|error| panic!("{line}: {error:?}"));
    }
}

#[test]
fn no_option_is_missing_from_the_complete_example() {
    // a whole section may be a comment
    let text = uncommented("no such marker", None).replace("\n;   ", "\n");
    for kind in kinds() {
        let name = kind.name;
        let Some(section) = text.split("\n[").find(|part| part.starts_with(name)) else {
            assert_eq!(name, "ctlplugin:");
            continue;
        };
        let is_like_program = ["eventlistener:", "fcgi-program:"].contains(&name);
        let program = kind_of(PROGRAM).filter(|_| is_like_program);
        for key in kind.names() {
            if program.is_some_and(|program| program.key(key).is_some()) {
                continue;
            }
            let shown = section.lines().any(|line| {
                let line = line.trim_start_matches([';', ' ']);
                line.split(" =").next() == Some(key)
            });
            assert!(shown, "{key} in [{name}]");
        }
    }
}

#[test]
fn the_sample_is_valid_for_both_programs() {
    let place = Place::with(SAMPLE);
    let report = place.check();
    assert_eq!(report.warnings, []);
    let config = report.outcome.expect("a configuration");
    assert_eq!(
        (config.http.len(), config.groups.len(), config.remarks.len()),
        (1, 0, 0)
    );
    let client = load_client(Some(&place.path("s.conf")), &place.host());
    assert_eq!(
        client.expect("a client").serverurl,
        "unix:///tmp/supervisor.sock".into()
    );
}

/// What a file of somebody else's machine may lack here.
const ELSEWHERE: [&str; 6] = [
    "The directory named as part of the path",
    "Invalid user name",
    "which cannot be expanded. Available names",
    "is not an existing directory",
    "cannot be resolved within",
    "Invalid sockchown value",
];

/// Files that 4.3.0 refuses anywhere.
const BROKEN: [&str; 2] = [
    ".ini file does not include supervisord section",
    ".ini file has [include] section, but no files setting",
];

#[test]
fn real_files_load_as_far_as_they_can() {
    let Some(folder) = std::env::var_os("VISORD_CORPUS").map(PathBuf::from) else {
        println!("skipped: VISORD_CORPUS names no folder of configurations");
        return;
    };
    let entries = std::fs::read_dir(&folder).expect("the corpus");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    for path in paths.filter(|path| path.extension().is_some_and(|end| end == "conf")) {
        let Err(error) = load(&path, &Overrides::default(), &host()) else {
            continue;
        };
        for problem in error.problems {
            let message = &problem.message;
            let excused = ELSEWHERE
                .iter()
                .chain(&BROKEN)
                .any(|text| message.contains(text));
            assert!(excused, "{}: {problem:?}", path.display());
        }
    }
}
