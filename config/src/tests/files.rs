//! Files, includes, and the command line over them.

use std::path::{Path, PathBuf};

use visord_model::log_line::Level;

use super::{Place, config, load, messages, overrides};
use crate::{MainLogTarget, Overrides};

const MAIN: &str = "[supervisord]\n";

#[test]
fn a_file_that_is_not_there_or_no_file() {
    let place = Place::with("");
    place.write("d/x", "");
    let message = |name: &str| {
        let loaded = load(Path::new(name), &Overrides::default(), &place.host());
        loaded.expect_err("an error").to_string()
    };
    assert_eq!(message("no.conf"), "could not find config file no.conf");
    assert_eq!(message("d"), "could not read config file d");
    let directory = place.path("");
    std::fs::write(directory.join("latin1"), b"[a]\n;\xff").expect("a file");
    assert_eq!(
        message("latin1"),
        "'utf-8' codec can't decode byte 0xff in position 5: invalid start byte"
    );
}

#[test]
fn the_main_section_is_needed() {
    let missing = ".ini file does not include supervisord section";
    assert_eq!(messages(""), [missing]);
    assert_eq!(messages("[program:x]\ncommand=x\n"), [missing]);
    let place = Place::with("[include]\nfiles=main.conf");
    place.write("main.conf", MAIN);
    assert!(place.load().is_ok());
}

#[test]
fn included_files_are_read_in_order() {
    let place = Place::with(&format!(
        "{MAIN}[include]\nfiles = c/*.conf ./b.conf\n  no.conf"
    ));
    place.write("c/2.conf", "[program:x]\npriority=2\n[include]\nfiles=*\n");
    place.write("c/1.conf", "[program:x]\ncommand=%(here)s\npriority=1\n");
    place.write("c/.hidden.conf", "broken");
    place.write("c/3.txt", "broken");
    place.write("b.conf", "[program:y]\ncommand=%(here)s\n");
    let config = place.load().expect("a configuration");
    let commands: Vec<&str> = config
        .groups
        .iter()
        .map(|group| group.processes[0].command.as_str())
        .collect();
    let directory = place.path("");
    let inner = directory.join("c");
    let outer = directory
        .parent()
        .expect("parent")
        .join(directory.file_name().expect("name"));
    assert_eq!(commands, [inner.to_string_lossy(), outer.to_string_lossy()]);
    assert_eq!(config.groups[0].priority, 2);
    let remarks: Vec<String> = config
        .remarks
        .iter()
        .map(|line| format!("{} {}", line.level.code(), line.text))
        .collect();
    let outer = outer.display();
    assert_eq!(
        remarks,
        [
            format!("WARN No file matches via include \"{outer}/no.conf\""),
            format!("INFO Included extra file \"{outer}/c/1.conf\" during parsing"),
            format!("INFO Included extra file \"{outer}/c/2.conf\" during parsing"),
            format!("INFO Included extra file \"{outer}/./b.conf\" during parsing"),
        ]
    );
}

#[test]
fn a_directory_among_the_included_is_passed_over() {
    let place = Place::with(&format!("{MAIN}[include]\nfiles=sub"));
    place.write("sub/x.conf", "broken");
    let config = place.load().expect("a configuration");
    assert_eq!(config.remarks.len(), 1);
    assert_eq!(config.remarks[0].level, Level::Info);
}

#[test]
fn what_is_wrong_with_includes() {
    assert_eq!(
        messages(&format!("{MAIN}[include]\nfile=x")),
        [".ini file has [include] section, but no files setting"]
    );
    let place = Place::with(&format!("{MAIN}[include]\nfiles=x.conf"));
    place.write("x.conf", "[a]\nbad");
    let path = place.path("x.conf");
    let shown = path.display();
    let expected = format!("Source contains parsing errors: '{shown}'\n\t[line  2]: 'bad'");
    assert_eq!(place.load().expect_err("an error").to_string(), expected);
    place.write("x.conf", "[program:y]\nautostart=x\ncommand=x");
    let expected =
        format!("not a valid boolean value: 'x' in section 'program:y' (file: '{shown}')");
    let error = place.load().expect_err("an error");
    assert_eq!(error.first(), expected);
    assert_eq!(
        (error.problems[0].line, &error.problems[0].file),
        (Some(2), &path)
    );
}

#[test]
fn here_becomes_text_where_there_is_an_include_section() {
    let server = "[inet_http_server]\nport=%(here)s:1\n";
    assert!(messages(&format!("{MAIN}{server}"))[0].starts_with("Format string "));
    let place = Place::with(&format!("{MAIN}[include]\nfiles=\n{server}"));
    assert!(place.load().is_ok());
    let place = Place::with(&format!(
        "{MAIN}[include]\nfiles=\n[inet_http_server]\nport=%%(here)s"
    ));
    let error = place.load().expect_err("an error").to_string();
    assert!(
        error.contains("is badly formatted: unsupported format character '/'"),
        "{error}"
    );
}

#[test]
fn default_options_hold_in_every_section() {
    let config = config(
        "[DEFAULT]\npriority=5\nautostart=no\n[supervisord]\n[program:x]\ncommand=x\n\
         [program:y]\ncommand=y\nautostart=yes\n",
    );
    let seen: Vec<(i64, bool)> = config
        .groups
        .iter()
        .map(|group| (group.priority, group.processes[0].policy.autostart))
        .collect();
    assert_eq!(seen, [(5, false), (5, true)]);
}

#[test]
fn the_command_line_beats_the_file_but_does_not_excuse_it() {
    let place = Place::with("[supervisord]\nminfds=1\nlogfile=syslog\nsilent=no\nuser=nosuchuser");
    let overrides = overrides(&[
        ("minfds", "7"),
        ("logfile", "x.log"),
        ("silent", "true"),
        ("user", "root"),
        ("childlogdir", "sub/.."),
        ("identifier", "me"),
    ]);
    let server = place.load_over(&overrides).expect("a configuration").server;
    let directory = place.host().cwd;
    assert_eq!(server.minfds, 7);
    assert_eq!(server.logfile, MainLogTarget::File(directory.join("x.log")));
    assert_eq!(server.childlogdir, directory);
    assert_eq!(server.user, Some(0));
    assert_eq!((server.silent, server.identifier.as_str()), (true, "me"));
    place.write("s.conf", "[supervisord]\nminfds=x");
    assert!(place.load_over(&overrides).is_err());
}

#[test]
fn a_file_that_others_may_write_is_remarked_on() {
    use std::os::unix::fs::PermissionsExt;
    if !nix::unistd::getuid().is_root() {
        println!("skipped: only root has something to fear");
        return;
    }
    let place = Place::with(&format!("{MAIN}[include]\nfiles=no.conf"));
    let levels = |mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(place.path("s.conf"), permissions).expect("a mode");
        let remarks = place.load().expect("a configuration").remarks;
        remarks
            .into_iter()
            .map(|line| line.level)
            .collect::<Vec<_>>()
    };
    assert_eq!(levels(0o644), [Level::Warn]);
    assert_eq!(levels(0o646), [Level::Critical, Level::Warn]);
}

#[test]
fn root_is_told_of_files_that_others_can_change() {
    use std::os::unix::fs::{PermissionsExt as _, lchown, symlink};
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let place = Place::with(&format!("{MAIN}[include]\nfiles=inc/*.conf"));
    place.write("inc/a.conf", "");
    place.write("inc/b.conf", "");
    let folder = place.path("inc");
    let complaints = || {
        let remarks = place.load().expect("a configuration").remarks;
        let critical = remarks
            .into_iter()
            .filter(|line| line.level == Level::Critical);
        let texts: Vec<String> = critical.map(|line| line.text).collect();
        let report = crate::check(Path::new("s.conf"), &Overrides::default(), &place.host());
        let problems = report
            .outcome
            .map_or_else(|error| error.problems.len(), |_| 0);
        assert_eq!(problems, texts.len());
        texts
    };
    assert_eq!(complaints(), [""; 0]);
    let mode = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(&folder, mode).expect("a mode");
    lchown(folder.join("b.conf"), Some(65534), None).expect("an owner");
    symlink(folder.join("a.conf"), folder.join("c.conf")).expect("a link");
    lchown(folder.join("c.conf"), Some(65534), None).expect("an owner");
    let said = complaints();
    assert_eq!(said.len(), 3, "{said:?}");
    for (text, expected) in said.iter().zip([
        "inc, which leads to its configuration file",
        "inc/b.conf is owned by nobody",
        "inc/c.conf, which leads to its configuration file",
    ]) {
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn patterns_match_names_as_written() {
    let place = Place::with("");
    for name in [
        "c/1.conf",
        "c/2.conf",
        "c/[x].conf",
        "c/.h.conf",
        "c/d/3.conf",
        ".e/4.conf",
    ] {
        place.write(name, "");
    }
    let directory = place.host().cwd;
    let directory = directory.to_string_lossy();
    let included = |pattern: &str| {
        place.write("s.conf", &format!("{MAIN}[include]\nfiles={pattern}"));
        let remarks = place.load().expect("a configuration").remarks;
        let info = remarks.into_iter().filter(|line| line.level == Level::Info);
        let paths: Vec<String> = info
            .filter_map(|line| Some(line.text.split('"').nth(1)?.to_owned()))
            .map(|path| path.replace(&format!("{directory}/"), ""))
            .collect();
        paths.join(" ")
    };
    let rows = [
        ("c/*.conf", "c/1.conf c/2.conf c/[x].conf"),
        ("./c/?.conf", "./c/1.conf ./c/2.conf"),
        ("c/[!2].conf", "c/1.conf"),
        ("c/[[]x].conf", "c/[x].conf"),
        ("c/[x].conf", ""),
        ("c/.*", "c/.h.conf"),
        (".*/*", ".e/4.conf"),
        ("c/**/*.conf", "c/d/3.conf"),
        ("c/*/", "c/d/"),
        ("c/2.conf c/1.conf", "c/2.conf c/1.conf"),
        ("c/[12", ""),
    ];
    for (pattern, expected) in rows {
        assert_eq!(included(pattern), expected, "{pattern}");
    }
}

/// A folder of another user, and their link to a folder that is not theirs; `None` without root.
fn foreign_link(place: &Place) -> Option<PathBuf> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let (ours, link) = (place.path("ours"), place.path("link"));
    std::fs::create_dir(&ours).expect("a folder");
    std::os::unix::fs::symlink(&ours, &link).expect("a link");
    std::os::unix::fs::lchown(&link, Some(65534), None).expect("root");
    Some(link)
}

#[test]
fn a_link_of_another_user_exposes_what_is_read_through_it() {
    let place = Place::with(&format!("{MAIN}[include]\nfiles = link/*.conf\n"));
    let Some(link) = foreign_link(&place) else {
        return;
    };
    place.write("ours/x.conf", "[program:x]\ncommand=x\n");
    let config = place.load().expect("a configuration");
    assert_eq!(config.groups.len(), 1, "it is followed");
    let remarks: Vec<&str> = config.remarks.iter().map(|line| &*line.text).collect();
    let words = format!("{}, which leads to its configuration file", link.display());
    let found = remarks.iter().filter(|text| text.contains(&words));
    assert_eq!(found.count(), 1, "{remarks:?}");
}

#[test]
fn an_include_folder_is_looked_at_before_it_has_files() {
    use std::os::unix::fs::PermissionsExt;
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let place = Place::with(&format!(
        "{MAIN}[include]\nfiles = open/*.conf none/here/*.conf\n"
    ));
    let open = place.path("open");
    std::fs::create_dir(&open).expect("a folder");
    let mode = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(&open, mode).expect("mode");
    let config = place.load().expect("a configuration");
    let remarks: Vec<&str> = config.remarks.iter().map(|line| &*line.text).collect();
    let words = format!("{}, which leads to", open.display());
    let found: Vec<_> = remarks
        .iter()
        .filter(|text| text.contains("as root"))
        .collect();
    assert_eq!(found.len(), 1, "{remarks:?}");
    assert!(found[0].contains(&words), "{remarks:?}");
    assert!(
        found[0].contains("open/*.conf, is writable by every user"),
        "{remarks:?}"
    );
}

#[test]
fn folders_of_logs_follow_the_rule_of_opening() {
    let place = Place::with(&format!(
        "{MAIN}[program:x]\ncommand=x\nstdout_logfile=@DIR@/link/log\n"
    ));
    let text = std::fs::read_to_string(place.path("s.conf")).expect("text");
    place.write("s.conf", &text);
    let Some(link) = foreign_link(&place) else {
        return;
    };
    let refused = format!(
        "the link {} of another user leads to a folder that is not theirs",
        link.display()
    );
    let error = place.load().expect_err("refused").to_string();
    assert!(error.contains(&refused), "{error}");
    place.write("s.conf", &format!("{MAIN}childlogdir=@DIR@/link\n"));
    let error = place.load().expect_err("refused").to_string();
    assert!(error.contains(&refused), "{error}");
    // a program may run there all the same
    place.write("s.conf", &format!("{MAIN}directory=@DIR@/link\n"));
    place.load().expect("a configuration");
}
