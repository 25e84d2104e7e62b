//! What is listed for people: values, where they come from, and no secrets.

use std::path::PathBuf;

use super::{Place, overrides};
use crate::keys::kind_of;
use crate::{ListedOption, Listing, Overrides, Source, read};

fn listing(place: &Place, overrides: &Overrides) -> Listing {
    let path = PathBuf::from("s.conf");
    let loaded = read(&path, overrides, &place.host());
    loaded.unwrap_or_else(|error| panic!("{error:?}")).listing
}

fn option(listing: &Listing, section: &str, key: &str) -> ListedOption {
    let section = listing.sections.iter().find(|it| it.name == section);
    let options = section.expect("the section").complete();
    let found = options.into_iter().find(|it| it.key == key);
    found.unwrap_or_else(|| panic!("no {key}"))
}

/// `EFFECTIVE <- WRITTEN @ FILE:LINE`.
fn shown(listing: &Listing, section: &str, key: &str) -> String {
    let option = option(listing, section, key);
    let source = match &option.source {
        Source::Default => "default".to_owned(),
        Source::CommandLine => "command line".to_owned(),
        Source::File {
            file,
            line,
            inherited,
        } => {
            let name = file.file_name().expect("a name").to_string_lossy();
            let from = if *inherited { " DEFAULT" } else { "" };
            format!("{name}:{line}{from}")
        }
    };
    let more = match option.more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let written = option.written.as_deref().unwrap_or("-");
    format!(
        "{}{more} <- {written} @ {source}",
        option.effective.join(" | ")
    )
}

const MAIN: &str = "\
[supervisord]
logfile=%(here)s/x.log
identifier=%(ENV_GREETING)s
environment=A=\"1\",API_TOKEN=\"t\",HOST=\"%%(host_node_name)s\"
[unix_http_server]
file=s.sock
username=me
password=secret
[program:x]
command=/bin/cat --password=%(ENV_API_TOKEN)s %(process_num)d %(ENV_API_TOKEN)s
process_name=x%(process_num)d
numprocs=5
stopasgroup=true
colour=blue
[DEFAULT]
startsecs=7
[include]
files=more/*.conf
[program:y]
command=true
startsecs=3
";

fn place() -> Place {
    let place = Place::with(MAIN);
    place.write(
        "more/a.conf",
        "\n[program:y]\ncommand=%(here)s/run\n[program:z]\ncommand=z\n\
         stdout_logfile=%(here)s/%%%%x\n",
    );
    place
}

#[test]
fn values_and_where_they_come_from() {
    let place = place();
    let overrides = overrides(&[("nodaemon", "true"), ("pidfile", "/tmp/other.pid")]);
    let listing = listing(&place, &overrides);
    let directory = place.host().cwd;
    let directory = directory.to_string_lossy();
    for (section, key, expected) in [
        (
            "supervisord",
            "logfile",
            "@DIR@/x.log <- %(here)s/x.log @ s.conf:2",
        ),
        (
            "supervisord",
            "identifier",
            "hi <- %(ENV_GREETING)s @ s.conf:3",
        ),
        ("supervisord", "minfds", "1024 <- - @ default"),
        ("supervisord", "directory", " <- - @ default"),
        ("supervisord", "nodaemon", "true <- - @ command line"),
        (
            "supervisord",
            "pidfile",
            "/tmp/other.pid <- - @ command line",
        ),
        ("unix_http_server", "chmod", "0700 <- - @ default"),
        ("program:x", "numprocs", "5 <- 5 @ s.conf:12"),
        (
            "program:x",
            "process_name",
            "x0 | x1 | x2 and 2 more <- x%(process_num)d @ s.conf:11",
        ),
        ("program:x", "startsecs", "7 <- 7 @ s.conf:16 DEFAULT"),
        ("program:x", "killasgroup", "true <- - @ default"),
        ("program:x", "stdout_logfile", "AUTO <- - @ default"),
        ("program:y", "startsecs", "3 <- 3 @ s.conf:21"),
        (
            "program:y",
            "command",
            "@DIR@/more/run <- %(here)s/run @ a.conf:3",
        ),
        ("program:z", "startretries", "3 <- - @ default"),
        (
            "program:z",
            "stdout_logfile",
            "@DIR@/more/%x <- %(here)s/%%%%x @ a.conf:6",
        ),
    ] {
        let found = shown(&listing, section, key).replace(&*directory, "@DIR@");
        assert_eq!(found, expected, "{section} {key}");
    }
    assert!(option(&listing, "program:x", "command").known);
    assert!(!option(&listing, "program:x", "colour").known);
    let header = &listing.sections[3];
    assert_eq!((header.name.as_str(), header.line), ("include", 17));
}

#[test]
fn no_secret_is_listed() {
    let listing = listing(&place(), &Overrides::default());
    for (section, key, expected) in [
        (
            "unix_http_server",
            "password",
            "[hidden] <- [hidden] @ s.conf:8",
        ),
        ("unix_http_server", "username", "me <- me @ s.conf:7"),
        (
            "supervisord",
            "environment",
            "A=\"1\",API_TOKEN=[hidden],HOST=\"node\" <- \
             A=\"1\",API_TOKEN=[hidden],HOST=\"%%(host_node_name)s\" @ s.conf:4",
        ),
        (
            "program:x",
            "command",
            "/bin/cat --password=[hidden] 0 [hidden] | /bin/cat --password=[hidden] 1 [hidden] | \
             /bin/cat --password=[hidden] 2 [hidden] and 2 more <- \
             /bin/cat --password=[hidden] %(process_num)d %(ENV_API_TOKEN)s @ s.conf:10",
        ),
    ] {
        assert_eq!(shown(&listing, section, key), expected, "{section} {key}");
    }
    let all = format!("{listing:?}");
    assert!(
        !all.contains("secret") && !all.contains("\\\"t\\\""),
        "{all}"
    );
}

#[test]
fn every_section_lists_all_its_options() {
    let text = "[supervisord]\n[supervisorctl]\nprompt=%(ENV_GREETING)s\n[inet_http_server]\n\
                port=1\n[unix_http_server]\nfile=x\n[program:a]\ncommand=a\n[group:b]\n\
                programs=a\n[eventlistener:c]\ncommand=c\nevents=EVENT\n[fcgi-program:d]\n\
                command=d\nsocket=unix:///d\n[include]\nfiles=\n[web_user:e]\npassword=e\n\
                [rpcinterface:f]\nurl=http://me:pw@h\n[other]\na=b\n";
    let listing = listing(&Place::with(text), &Overrides::default());
    for section in &listing.sections {
        let kind = kind_of(&section.name);
        assert_eq!(section.known, kind.is_some(), "{}", section.name);
        let Some(kind) = kind else { continue };
        let mut expected: Vec<&str> = kind.names().collect();
        if kind.is_open {
            expected.push("url");
        }
        let options = section.complete();
        let unset = options.iter().filter(|it| it.source == Source::Default);
        if section.name != "supervisord" {
            assert_eq!(unset.count(), section.unset_count(), "{}", section.name);
            assert_eq!(section.options.len() + section.unset_count(), options.len());
        }
        let mut keys: Vec<&str> = options.iter().map(|it| it.key.as_str()).collect();
        keys.sort_unstable();
        expected.sort_unstable();
        assert_eq!(keys, expected, "{}", section.name);
    }
    assert_eq!(
        shown(&listing, "rpcinterface:f", "url"),
        "http://me:[hidden]@h <- http://me:[hidden]@h @ s.conf:23"
    );
    // which the daemon does not read
    assert_eq!(
        shown(&listing, "supervisorctl", "prompt"),
        "hi <- %(ENV_GREETING)s @ s.conf:3"
    );
}
