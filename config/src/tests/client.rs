//! What supervisorctl reads, and where both programs look.

use std::path::{Path, PathBuf};

use super::Place;
use crate::{ClientConfig, find_config, load_client, search_path};

fn client(text: &str) -> Result<ClientConfig, String> {
    let place = Place::with(text);
    let path = PathBuf::from("s.conf");
    load_client(Some(&path), &place.host()).map_err(|error| error.to_string())
}

#[test]
fn no_file_means_the_defaults() {
    let found = load_client(None, &Place::with("").host());
    let found = found.expect("the defaults");
    assert_eq!(found.serverurl.expose(), "http://localhost:9001");
    assert_eq!(found.prompt, "supervisor");
    assert_eq!(client("[supervisorctl]\n"), Ok(found));
}

#[test]
fn other_sections_mean_nothing_to_it() {
    let text = "[supervisord]\nminfds=x\n[include]\n[program:x]\n[supervisorctl]\nprompt=p\n";
    assert_eq!(client(text).expect("a client").prompt, "p");
}

/// What is there for the original's client does no harm beside a program for ours.
#[test]
fn programs_that_are_commands() {
    let text = "[supervisorctl]\n[ctlplugin:hello]\ncommand=%(here)s/hello 'a b'\n\
                supervisor.ctl_factory=x:y\n";
    let plugins = client(text).expect("a client").plugins;
    assert_eq!(plugins.len(), 1);
    assert_eq!(plugins[0].name, "hello");
    assert!(plugins[0].command.ends_with("/hello 'a b'") && plugins[0].command.starts_with('/'));
}

/// The commands for Supvisors are built in, whatever the section is called.
#[test]
fn the_plugin_of_supvisors() {
    let factory = "supervisor.ctl_factory = \
                   supvisors.supvisorsctl:make_supvisors_controller_plugin\n";
    for name in ["supvisors", "a-b"] {
        let text = format!("[supervisorctl]\n[ctlplugin:{name}]\n{factory}");
        let found = client(&text).expect("a client");
        assert!(found.supvisors && found.plugins.is_empty(), "{name}");
    }
    let text = format!("[supervisorctl]\n[ctlplugin:x]\ncommand=/x\n{factory}");
    let found = client(&text).expect("a client");
    assert!(found.supvisors && found.plugins.len() == 1);
    assert!(!client("[supervisorctl]\n").expect("a client").supvisors);
}

#[test]
fn what_it_refuses() {
    let missing = ".ini file does not include supervisorctl section";
    let rows = [
        ("[supervisord]\n", missing),
        ("", missing),
        (
            "x",
            "File contains no section headers.\nfile: 's.conf', line: 1\n'x'",
        ),
        (
            "[supervisorctl]\nx\n",
            "Source contains parsing errors: 's.conf'\n\t[line  2]: 'x\\n'",
        ),
        (
            "[supervisorctl]\n[ctlplugin:x]\n",
            "section [ctlplugin:x] does not specify a supervisor.ctl_factory or command",
        ),
        ("[supervisorctl]\n[ctlplugin:x]\ncommand=\n", "it is empty"),
        (
            "[supervisorctl]\n[ctlplugin:a-b]\ncommand=/x\n",
            "section [ctlplugin:a-b]: the name of a command is letters, digits and _",
        ),
    ];
    for (text, message) in rows {
        assert_eq!(client(text), Err(message.to_owned()), "{text:?}");
    }
    let place = Place::with("");
    let error = load_client(Some(Path::new("no.conf")), &place.host());
    assert_eq!(
        error.map_err(|e| e.to_string()),
        Err("could not find config file no.conf".to_owned())
    );
}

#[test]
fn six_places_are_searched() {
    let place = Place::with("");
    let paths = |program: &str| {
        let paths = search_path(program, &place.host());
        paths
            .iter()
            .map(|path| path.display().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        paths("/opt/v/bin/supervisord"),
        [
            "/opt/v/etc/supervisord.conf",
            "/opt/v/supervisord.conf",
            "supervisord.conf",
            "etc/supervisord.conf",
            "/etc/supervisord.conf",
            "/etc/supervisor/supervisord.conf"
        ]
    );
    assert_eq!(
        paths("./supervisord")[..2],
        ["etc/supervisord.conf", "supervisord.conf"]
    );
    assert_eq!(paths("/supervisord")[0], "/etc/supervisord.conf");
    // PATH is /bin, and sh is there
    assert_eq!(
        paths("sh")[..2],
        ["/etc/supervisord.conf", "/supervisord.conf"]
    );
    assert_eq!(paths("no-such-program")[0], "etc/supervisord.conf");
}

#[test]
fn the_first_place_that_exists_is_it() {
    let place = Place::with("");
    let program = place.path("v/bin/supervisord");
    let find = || find_config(&program.to_string_lossy(), &place.host());
    place.write("etc/supervisord.conf", "");
    assert_eq!(find(), Ok(PathBuf::from("etc/supervisord.conf")));
    place.write("supervisord.conf", "");
    assert_eq!(find(), Ok(PathBuf::from("supervisord.conf")));
    place.write("v/etc/supervisord.conf", "");
    assert_eq!(find(), Ok(place.path("v/etc/supervisord.conf")));
}
