//! `[web_user:NAME]`: who may use which server, and what is refused.

use visord_model::log_line::Level;

use super::{Place, messages, with_server};
use crate::{Config, Role};

const UNIX: &str = "[unix_http_server]\nfile=/run/s.sock\n";
const INET: &str = "[inet_http_server]\nport=9001\n";

/// `SERVER: NAME=ROLE ...` for each server.
fn admitted(config: &Config) -> Vec<String> {
    let servers = config.http.iter().map(|server| {
        let users = server.users.iter();
        let users: Vec<String> = users
            .map(|user| format!("{}={}", user.name, user.role.name()))
            .collect();
        let asks = if users.is_empty() { " open" } else { "" };
        format!("{}: {}{asks}", server.section, users.join(" "))
    });
    servers.collect()
}

#[test]
fn users_are_for_every_server_unless_they_say_otherwise() {
    let config = with_server(&format!(
        "{UNIX}{INET}username=root\npassword=x\n\
         [web_user:anna]\npassword=a\nrole=operate\n[web_user: bert ]\npassword=b\n\
         servers=inet_http_server\n"
    ));
    assert_eq!(
        admitted(&config),
        [
            "inet_http_server: root=admin anna=operate bert=view",
            "unix_http_server: anna=operate"
        ]
    );
    assert!(config.remarks.is_empty(), "{:?}", config.remarks);
    // what holds no secret can be shown
    let shown = format!("{:?}", config.http);
    assert!(
        shown.contains("anna") && !shown.contains("\"a\""),
        "{shown}"
    );
}

#[test]
fn a_server_that_no_user_may_use_is_as_it_was() {
    let config = with_server(&format!(
        "{UNIX}{INET}[web_user:anna]\npassword=a\nservers=unix_http_server\n"
    ));
    assert_eq!(
        admitted(&config),
        ["inet_http_server:  open", "unix_http_server: anna=view"]
    );
    let warnings: Vec<&str> = config
        .remarks
        .iter()
        .filter(|line| line.level == Level::Warn)
        .map(|line| line.text.as_str())
        .collect();
    assert_eq!(
        warnings,
        [
            "[inet_http_server] asks for no password: it has no username, and no user such as \
          [web_user:anna] may use it"
        ]
    );
    assert_eq!(with_server(INET).remarks, []);
}

#[test]
fn what_is_refused() {
    let roles = Role::ALL.map(Role::name);
    assert_eq!(roles, ["view", "operate", "admin"]);
    for (text, message) in [
        (
            "[web_user:a]\nrole=view\n",
            "section [web_user:a] has no password value",
        ),
        (
            "[web_user:]\npassword=p\n",
            "section [web_user:] names no user",
        ),
        (
            "[web_user:a:b]\npassword=p\n",
            "Invalid name: 'a:b' because of character: ':'",
        ),
        (
            "[web_user:a]\npassword=p\n[web_user: a]\npassword=q\n",
            "sections [web_user:a] and [web_user: a] are about the same user, a",
        ),
        (
            "[web_user:me]\npassword=p\n[unix_http_server]\nfile=/s\nusername=me\npassword=x\n",
            "section [web_user:me] has the name of the username of [unix_http_server]",
        ),
    ] {
        assert_eq!(messages(&format!("[supervisord]\n{text}")), [message]);
    }
}

#[test]
fn a_user_is_described_once_and_the_places_are_told() {
    let place = Place::with("[supervisord]\n[web_user:a]\npassword=p\n[include]\nfiles=b.conf\n");
    place.write("b.conf", "\n[web_user:a]\nrole=admin\n");
    let error = place.load().expect_err("a problem");
    let [problem] = &error.problems[..] else {
        panic!("{error:?}");
    };
    assert!(problem.file.ends_with("b.conf"), "{problem:?}");
    assert_eq!(problem.line, Some(2));
    assert_eq!(
        problem.message,
        "section [web_user:a] occurs twice, first in s.conf, line 2"
    );
    let error = Place::with("[supervisord]\n[web_user:a]\npassword=\n").load();
    let problem = &error.expect_err("a problem").problems[0];
    let place = (
        problem.line,
        problem.section.as_deref(),
        problem.key.as_deref(),
    );
    assert_eq!(place, (Some(3), Some("web_user:a"), Some("password")));
}
