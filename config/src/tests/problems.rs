//! All problems are found in one pass, and told with their places.

use proptest::prelude::*;

use super::{Place, messages};
use crate::Problem;
use crate::keys::kinds;

#[test]
fn all_problems_of_a_file_are_told_in_the_order_of_the_original() {
    let text = "[unix_http_server]\nfile=/x\nchmod=9\n\
                [program:x]\ncommand=x\nstartsecs=1s\nuser=nosuchuser\nenvironment=A\n\
                [supervisord]\nuser=nosuchuser\nminfds=a\nloglevel=b\n\
                [eventlistener:l]\nevents=A,B\ncommand=x\n\
                [group:g]\nprograms=n,x\n[rpcinterface:r]\n[fcgi-program:f]\nnumprocs=q\n";
    let program = " in section 'program:x' (file: 's.conf')";
    assert_eq!(
        messages(text),
        [
            "invalid literal for int() with base 10: 'a'",
            "bad logging level name 'b'",
            "section [rpcinterface:r] does not specify a supervisor.rpcinterface_factory",
            "[group:g] names unknown program or fcgi-program n",
            &format!("invalid literal for int() with base 10: '1s'{program}"),
            &format!("Invalid user name nosuchuser{program}"),
            &format!("Unexpected end of key/value pairs in value [hidden]{program}"),
            "Unknown event type A in [eventlistener:l] events",
            "Unknown event type B in [eventlistener:l] events",
            "[fcgi-program:f] section requires a \"socket\" line",
            "invalid literal for int() with base 10: 'q' in section 'fcgi-program:f' (file: 's.conf')",
            "program section fcgi-program:f does not specify a command in section \
             'fcgi-program:f' (file: 's.conf')",
            "Invalid chmod value 9",
            "Invalid user name nosuchuser",
        ]
    );
}

#[test]
fn a_mistake_is_told_once() {
    let text = "[supervisord]\n[group:g]\nprograms=x\n[group:h]\nprograms=x\n\
                [program:x]\ncommand=%(nope)s\nprocess_name=%(process_num)d\nnumprocs=9\n";
    assert_eq!(messages(text).len(), 1);
}

#[test]
fn bad_lines_do_not_hide_the_rest() {
    let found = messages("[supervisord]\nnodaemon\nminfds=x\n");
    assert_eq!(found.len(), 2);
    assert!(
        found[0].starts_with("Source contains parsing errors: 's.conf'"),
        "{found:?}"
    );
    // but a file that is something else is not picked to pieces
    assert_eq!(messages("#!/bin/sh\necho x\necho y=1\n").len(), 1);
}

#[test]
fn extras_of_the_main_interface_matter_where_a_server_makes_it() {
    let interface = "[rpcinterface:x]\nretries=1\n\
                     supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n";
    assert!(
        Place::with(&format!("[supervisord]\n{interface}"))
            .load()
            .is_ok()
    );
    let server = "[inet_http_server]\nport=1\n";
    let found = messages(&format!("[supervisord]\n{server}{interface}"));
    assert_eq!(found, ["Could not make x rpc interface"]);
}

#[test]
fn a_namespace_may_be_forwarded() {
    for (url, shown) in [
        ("unix:///run/x.sock", "unix:///run/x.sock"),
        ("http://localhost:9100/RPC2", "http://localhost:9100/RPC2"),
        ("http://me:pw@[::1]:9100", "http://me:[hidden]@[::1]:9100"),
        ("http://host", "http://host"),
    ] {
        let config = super::with_server(&format!("[rpcinterface:x]\nurl={url}\n"));
        let interface = &config.rpc_interfaces[0];
        let remote = interface.url.as_ref().expect("a url");
        assert_eq!(*remote, url.into());
        assert_eq!(remote.as_shown_url(), shown);
        assert!(!format!("{interface:?}").contains("pw"), "{interface:?}");
    }
    for url in [
        "",
        "https://x:1",
        "unix://x",
        "unix:///",
        "http://",
        "http://:1",
        "http://h:x",
        "http://[::1]x",
        "http://[]",
        "http://[::1",
        "http://me@:1",
    ] {
        let found = messages(&format!("[supervisord]\n[rpcinterface:x]\nurl={url}\n"));
        let message = format!("url must be unix:///PATH or http://HOST:PORT, not '{url}'");
        assert_eq!(found, [message]);
    }
    let text = "[supervisord]\n[rpcinterface:supervisor]\nurl=http://h\nretries=1\n";
    assert_eq!(
        messages(text),
        [
            "Section [rpcinterface:supervisor] has a url, so retries means nothing",
            "the namespace 'supervisor' cannot be forwarded to a url",
        ]
    );
}

#[test]
fn a_python_factory_is_refused_as_ever_and_the_alternative_named() {
    let text = "[supervisord]\n[rpcinterface:x]\nsupervisor.rpcinterface_factory=my.mod:make\n";
    assert_eq!(
        messages(text),
        ["my.mod:make cannot be resolved within [rpcinterface:x]"]
    );
    let warnings = warnings(text);
    assert_eq!(warnings.len(), 1);
    let hint = &warnings[0].message;
    assert!(
        hint.contains("[rpcinterface:x]: url=unix:///PATH"),
        "{hint}"
    );
}

fn warnings(text: &str) -> Vec<Problem> {
    Place::with(text).check().warnings
}

#[test]
fn unknown_names_are_warned_about_with_the_nearest_known_one() {
    let text = "[supervisord]\nlogfil=x\n[programs:x]\n[Program:y]\n[program:z]\ncommand=x\n\
                autosart=1\ncolour=2\n[celery]\na=b\n[DEFAULT]\nprioriti=1\n[unix_http_server2]\n\
                file=x\nchmode=1\n[eventlistener:l]\nevent=x\n[rpcinterface:x]\nany=thing\n";
    let found: Vec<String> = warnings(text)
        .into_iter()
        .map(|warning| format!("{}: {}", warning.line.expect("a line"), warning.message))
        .collect();
    assert_eq!(
        found,
        [
            "2: unknown option logfil in [supervisord] is ignored; did you mean logfile?",
            "3: unknown section [programs:x] is ignored; did you mean [program:x]?",
            "4: unknown section [Program:y] is ignored; did you mean [program:y]?",
            "7: unknown option autosart in [program:z] is ignored; did you mean autostart?",
            "8: unknown option colour in [program:z] is ignored",
            "9: unknown section [celery] is ignored",
            "15: unknown option chmode in [unix_http_server2] is ignored; did you mean chmod?",
            "17: unknown option event in [eventlistener:l] is ignored; did you mean events?",
            "12: unknown option prioriti in [DEFAULT] is ignored; did you mean priority?",
        ]
    );
}

#[test]
fn places_are_told() {
    let report = Place::with("[supervisord]\n\nminfds=x\n").check();
    let problem = &report.outcome.expect_err("an error").problems[0];
    assert_eq!(problem.file, std::path::Path::new("s.conf"));
    assert_eq!(problem.line, Some(3));
    assert_eq!(problem.section.as_deref(), Some("supervisord"));
    assert_eq!(problem.key.as_deref(), Some("minfds"));
}

/// A section of any kind with any options of its kind.
fn any_section() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        2 => "[-+]?[0-9_]{1,3}[KM]?B?",
        2 => prop::sample::select(vec![
            "", "true", "AUTO", "syslog", "root", "root:root", "a,b", "a:1", "%(here)s",
            "%(process_num)d", "%(program_name)s", "%", "%%", "%(", "%(x)s", "A=1,B=\"2\"", "A='",
            "unix:///x", "tcp://h:1", "EVENT", "~", "/", "/x/y", "99999999999999999999",
            "-99999999999999999999", "TERM", "0,1", "é\u{a0}\u{301}",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
    ];
    prop::sample::select(kinds().iter().collect::<Vec<_>>()).prop_flat_map(move |kind| {
        let mut keys: Vec<&str> = kind.names().collect();
        if kind.is_open {
            keys.push("supervisor.ctl_factory");
        }
        let option = (prop::sample::select(keys), value.clone())
            .prop_map(|(key, value)| format!("{key}={value}\n"));
        let options = prop::collection::vec(option, 0..8);
        let name = prop::sample::select(vec!["", "a", "b", "a b", ":", "%(x)s", "é"]);
        let kind = kind.name;
        (name, options).prop_map(move |(name, options)| {
            let name = if kind.ends_with(':') { name } else { "" };
            format!(
                "[{kind}{name}]\ncommand=x\nevents=EVENT\nport=1\nfile=x\n{}",
                options.concat()
            )
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_options_are_read_or_refused(
        sections in prop::collection::vec(any_section(), 0..5)
    ) {
        let place = Place::with(&format!("[supervisord]\n{}", sections.concat()));
        let report = place.check();
        if let Err(error) = report.outcome {
            prop_assert!(!error.problems.is_empty());
        }
        let client = crate::load_client(
            Some(std::path::Path::new("s.conf")),
            &place.host(),
        );
        if let Err(error) = client {
            prop_assert!(!error.problems.is_empty());
        }
    }
}

#[test]
fn no_message_holds_a_secret() {
    let server = "[inet_http_server]\nport=127.0.0.1:1\nusername=a\n";
    for text in [
        format!("{server}password=PW%(nope)s\n"),
        format!("{server}password=PW%z\n"),
        format!("{server}password=%(ENV_NOPE)sPW\n"),
        format!("{server}password PW\n"),
        "password=PW\n".to_owned(),
        "environment A=\"PW\n".to_owned(),
        "[web_user:a]\npassword=PW%(PW)s\n".to_owned(),
        "[program:x]\ncommand=x\nenvironment=DB_PASSWORD\"PW\n".to_owned(),
        "[program:x]\ncommand=x\nenvironment=A=PW,B\n".to_owned(),
        "[program:x]\ncommand=x --password=PW%(nope)s\n".to_owned(),
        "[rpcinterface:x]\nurl=ftp://u:PW@h/\n".to_owned(),
        "[inet_http_server]\nport=u:PW@127.0.0.1:x\n".to_owned(),
    ] {
        for found in messages(&format!("{text}[supervisord]\n")) {
            assert!(!found.contains("PW"), "{text}: {found}");
        }
    }
    let unset = messages(&format!("[supervisord]\n{server}password=%(ENV_NOPE)sPW\n"));
    let start =
        "Format string [hidden] for 'inet_http_server.password' contains names ('ENV_NOPE')";
    assert!(unset[0].starts_with(start), "{unset:?}");
}

#[test]
fn the_outline_holds_no_value() {
    let file = "(file: 's.conf')";
    let why = "supervisord --check says why";
    for (text, outline) in [
        (
            "[supervisord]\nminfds=seven\n",
            format!("the value of minfds is not valid in section 'supervisord' {file}; {why}"),
        ),
        (
            "[supervisord]\n[program:x]\n",
            format!(
                "program section program:x does not specify a command in section 'program:x' {file}"
            ),
        ),
        (
            "[supervisord]\nnonsense\n",
            format!("line 2 is not valid {file}; {why}"),
        ),
    ] {
        let error = Place::with(text).load().expect_err(text);
        assert_eq!(error.outline(), outline);
    }
}
