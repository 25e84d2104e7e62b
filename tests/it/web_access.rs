//! Users, rights and sessions from end to end: three people over TCP, by calls, pages and
//! supervisorctl.

use std::io::{Read, Write};
use std::net::TcpStream;

use visord_xmlrpc::http::{Address, Endpoint};
use visord_xmlrpc::{Client, Login, Value};

use crate::harness::{Daemon, PATIENCE, Setup, free_port, summary, wait_until};

const GUEST: &str = "guest:see";
const OPERATOR: &str = "operator:secret";
const CHIEF: &str = "chief:all";

fn sections(port: u16) -> String {
    format!(
        "[inet_http_server]\nport=127.0.0.1:{port}\n\
         [web_user:guest]\npassword=see\nservers=inet_http_server\n\
         [web_user:operator]\npassword={{SHA}}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4\n\
         role=operate\nservers=inet_http_server\n\
         [web_user:chief]\npassword=all\nrole=admin\nservers=inet_http_server\n\
         [program:x]\ncommand=/bin/sh -c \"exec /bin/cat\" --password=sesame\nautostart=false\n\
         [program:y]\ncommand=/bin/cat\n"
    )
}

fn daemon(port: u16) -> Daemon {
    let daemon = Daemon::with("", &sections(port));
    daemon.wait_state("y", "RUNNING");
    daemon
}

/// An answer: status, head in lower case, body.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    /// The `name=value` of its cookie.
    fn cookie(&self) -> Option<&str> {
        let line = self
            .head
            .lines()
            .find(|it| it.starts_with("set-cookie: "))?;
        line["set-cookie: ".len()..].split(';').next()
    }

    fn token(&self) -> &str {
        let rest = self.body.split("name=\"token\" value=\"").nth(1);
        let rest = rest.unwrap_or_else(|| panic!("no token in {}", self.body));
        rest.split('"').next().expect("a token")
    }
}

/// One request on a connection of its own.
fn ask(port: u16, login: &str, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n");
    text.push_str("Connection: close\r\n");
    if !login.is_empty() {
        text.push_str(&format!("Authorization: Basic {}\r\n", base64(login)));
    }
    if method == "POST" {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    for header in headers {
        text.push_str(&format!("{header}\r\n"));
    }
    stream
        .write_all(format!("{text}\r\n{body}").as_bytes())
        .expect("to send");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer");
    let text = String::from_utf8(bytes).expect("a text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    // names of headers are what is asked for; values keep their case
    let head = head.lines().map(|line| match line.split_once(':') {
        Some((name, value)) => format!("{}:{value}\n", name.to_lowercase()),
        None => format!("{line}\n"),
    });
    let head: String = head.collect();
    Answer {
        status: head[9..12].parse().expect("a status"),
        head,
        body: body.to_owned(),
    }
}

fn get(port: u16, login: &str, path: &str) -> Answer {
    ask(port, login, "GET", path, &[], "")
}

fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk
            .iter()
            .fold(0u32, |all, byte| all << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = (bits >> (18 - 6 * place)) & 63;
            let is_there = place <= chunk.len();
            out.push(if is_there {
                char::from(LETTERS[letter as usize])
            } else {
                '='
            });
        }
    }
    out
}

fn call(port: u16, login: &str, method: &str, arguments: &[Value]) -> Result<Value, String> {
    let host = "127.0.0.1".to_owned();
    let login = login.split_once(':').map(|(user, password)| Login {
        username: user.to_owned(),
        password: password.to_owned(),
    });
    Client::new(Endpoint::new(
        Address::Tcp {
            host,
            port,
            tls: false,
        },
        login,
    ))
    .call(method, arguments)
    .map_err(|error| error.to_string())
}

/// Who may not call a method, in the words of the fault.
fn refusal(method: &str, needed: &str, own: &str) -> String {
    format!("NOT_ALLOWED: {method} needs the role {needed}, this user has {own}")
}

#[test]
fn calls_of_three_users() {
    let port = free_port();
    let daemon = daemon(port);
    for login in [GUEST, OPERATOR, CHIEF] {
        assert!(
            call(port, login, "supervisor.getState", &[]).is_ok(),
            "{login}"
        );
    }
    for login in ["", "guest:", "guest:all", "chief:secret", "nobody:see", ":"] {
        let error = call(port, login, "supervisor.getState", &[]).expect_err(login);
        assert!(
            error.contains("requires authentication"),
            "{login}: {error}"
        );
    }
    for (login, method, arguments, needed) in [
        (
            GUEST,
            "supervisor.startProcess",
            &["x"][..],
            Some("operate"),
        ),
        (GUEST, "supervisor.stopAllProcesses", &[], Some("operate")),
        (GUEST, "supervisor.getAllConfigInfo", &[], Some("operate")),
        (GUEST, "supervisor.shutdown", &[], Some("admin")),
        (OPERATOR, "supervisor.shutdown", &[], Some("admin")),
        (
            OPERATOR,
            "supervisor.removeProcessGroup",
            &["x"],
            Some("admin"),
        ),
        (OPERATOR, "supervisor.startProcess", &["x"], None),
        (OPERATOR, "supervisor.stopProcess", &["x"], None),
        (CHIEF, "supervisor.removeProcessGroup", &["x"], None),
        (CHIEF, "supervisor.addProcessGroup", &["x"], None),
    ] {
        let arguments: Vec<Value> = arguments.iter().map(|text| Value::from(*text)).collect();
        let outcome = call(port, login, method, &arguments);
        match needed {
            None => assert!(outcome.is_ok(), "{login} {method}: {outcome:?}"),
            Some(needed) => {
                let own = if login == GUEST { "view" } else { "operate" };
                let error = outcome.expect_err(method);
                assert!(error.contains(&refusal(method, needed, own)), "{error}");
            }
        }
    }
    // who may open the socket may do everything, without a password
    assert_eq!(daemon.state("y"), "RUNNING");
    daemon.call("supervisor.stopProcess", &[Value::from("y")]);
}

#[test]
fn pages_of_three_users() {
    let port = free_port();
    let daemon = daemon(port);
    for (login, path, status) in [
        ("", "/", 401),
        ("guest:x", "/", 401),
        (GUEST, "/", 200),
        (GUEST, "/about.html", 200),
        (GUEST, "/config.html", 403),
        (GUEST, "/index.html?action=stop&processname=y", 403),
        (GUEST, "/index.html?action=stopall", 403),
        (GUEST, "/index.html?action=refresh", 303),
        (OPERATOR, "/config.html", 200),
        (OPERATOR, "/index.html?action=start&processname=x", 303),
        (CHIEF, "/index.html?action=stop&processname=x", 303),
    ] {
        assert_eq!(get(port, login, path).status, status, "{login} {path}");
    }
    assert_eq!(daemon.state("y"), "RUNNING");
    let page = get(port, GUEST, "/").body;
    assert!(page.contains("guest (view)"), "{page}");
    assert!(!page.contains("name=stop "), "{page}");
    assert!(!page.contains("config.html"), "{page}");
    let page = get(port, OPERATOR, "/").body;
    assert!(page.contains("<button name=stop value=\"y\">"), "{page}");
    // where everything is, and no secret
    let folder = daemon.folder().display().to_string();
    let page = get(port, OPERATOR, "/config.html").body;
    assert!(
        page.contains(&format!("<code>{folder}/main.log</code>")),
        "{page}"
    );
    assert!(page.contains("s.conf:"), "{page}");
    let hidden = " --password=[hidden]</code>";
    assert!(page.contains(hidden), "{page}");
    for secret in ["sesame", "e5e9fa1b", "<code>see", "<code>all"] {
        assert!(!page.contains(secret), "{secret} in {page}");
    }
    let about = get(port, GUEST, "/about.html").body;
    assert!(
        about.contains(&format!("<dd>{}</dd>", daemon.pid())),
        "{about}"
    );
    assert!(!about.contains(&folder), "{about}");
    assert!(get(port, CHIEF, "/about.html").body.contains(&folder));
    // a form of a script, which needs no token but the right
    let form = "action=stop&processname=y";
    for (login, status) in [(GUEST, 403), (OPERATOR, 303)] {
        let answer = ask(port, login, "POST", "/index.html", &[], form);
        assert_eq!(answer.status, status, "{login}");
    }
    assert_eq!(daemon.state("y"), "STOPPED");
}

#[test]
fn what_was_reread_is_shown() {
    let port = free_port();
    let daemon = daemon(port);
    let path = daemon.path("s.conf");
    let text = std::fs::read_to_string(&path).expect("the configuration");
    let page = || get(port, CHIEF, "/config.html").body;
    let before = page();
    assert!(!before.contains("[program:z]"), "{before}");
    std::fs::write(&path, format!("{text}[program:z]\ncommand=/bin/cat z\n")).expect("a file");
    // nothing is read until a client asks for it
    assert_eq!(page(), before);
    daemon.call("supervisor.reloadConfig", &[]);
    let after = page();
    assert!(after.contains("<code>/bin/cat z</code>"), "{after}");
}

#[test]
fn a_form_belongs_to_a_session() {
    let port = free_port();
    let daemon = daemon(port);
    let page = get(port, OPERATOR, "/");
    let flags = page
        .head
        .lines()
        .find(|line| line.starts_with("set-cookie: "));
    let flags = flags.expect("a cookie").split_once("; ").expect("flags").1;
    assert_eq!(flags, "Path=/; HttpOnly; SameSite=Lax");
    let cookie = page.cookie().expect("a cookie");
    assert!(cookie.starts_with(&format!("visord-{port}=")), "{cookie}");
    let other = get(port, OPERATOR, "/");
    let of = |answer: &Answer| format!("Cookie: {}", answer.cookie().expect("a cookie"));
    let same_site = "Sec-Fetch-Site: same-origin";
    let cross_site = "Sec-Fetch-Site: cross-site";
    let foreign = "Origin: http://evil.example";
    let (own, others) = (of(&page), of(&other));
    for (headers, token, status) in [
        (&[same_site, own.as_str()][..], page.token(), 303),
        (&[same_site, &own], other.token(), 403),
        (&[same_site, &others], page.token(), 403),
        (&[same_site, &own], "", 403),
        (&[same_site], page.token(), 403),
        (&[cross_site, &own], page.token(), 403),
        (&[foreign, &own], page.token(), 403),
        // a program, not a browser
        (&[], "", 303),
    ] {
        let form = format!("action=refresh&token={token}");
        let answer = ask(port, OPERATOR, "POST", "/index.html", headers, &form);
        assert_eq!(answer.status, status, "{headers:?} {token}");
    }
    // nor may another site call
    let body = "<methodCall><methodName>supervisor.stopAllProcesses</methodName></methodCall>";
    let answer = ask(port, CHIEF, "POST", "/RPC2", &[cross_site], body);
    assert_eq!(answer.status, 403);
    assert_eq!(daemon.state("y"), "RUNNING");
}

#[test]
fn supervisorctl_says_what_is_not_allowed() {
    let port = free_port();
    let daemon = daemon(port);
    let url = format!("http://127.0.0.1:{port}");
    let ctl = |login: &str, words: &[&str]| {
        let (user, password) = login.split_once(':').expect("a login");
        let options = ["-c", "", "-s", &url, "-u", user, "-p", password];
        summary(&daemon.setup().ctl_alone(&[&options, words].concat(), ""))
    };
    let (_, status, _) = ctl(GUEST, &["status"]);
    assert!(status.contains("RUNNING"), "{status}");
    for (login, words, method) in [
        (GUEST, "stop y", "stopProcess"),
        (GUEST, "stop all", "stopAllProcesses"),
        (GUEST, "restart y", "stopProcess"),
        (GUEST, "clear y", "clearProcessLogs"),
        (GUEST, "signal HUP y", "signalProcess"),
        (GUEST, "avail", "getAllConfigInfo"),
        (OPERATOR, "reread", "reloadConfig"),
        (OPERATOR, "update", "reloadConfig"),
        (OPERATOR, "reload", "restart"),
        (OPERATOR, "shutdown", "shutdown"),
    ] {
        let (own, needed) = match login {
            GUEST => ("view", "operate"),
            _ => ("operate", "admin"),
        };
        let (code, out, err) = ctl(login, &words.split(' ').collect::<Vec<_>>());
        let sentence = format!(
            "error: not allowed: supervisor.{method} needs the role {needed}, \
             this user has {own}\n"
        );
        assert!(
            format!("{out}{err}").ends_with(&sentence),
            "{words:?}: {out}{err}"
        );
        assert_ne!(code, Some(0), "{words:?}");
    }
    assert_eq!(daemon.state("y"), "RUNNING");
    let (code, out, _) = ctl(OPERATOR, &["stop", "y"]);
    assert_eq!((code, out.as_str()), (Some(0), "y: stopped\n"));
}

/// A configuration with users does not leave a server open by accident.
#[test]
fn users_close_every_server() {
    let setup = Setup::new();
    setup.configure("", "[web_user:me]\npassword=mine\nrole=admin\n");
    let mut daemon = setup.start_at_once();
    let login = Some(Login {
        username: "me".to_owned(),
        password: "mine".to_owned(),
    });
    let socket = Address::Unix(daemon.path("s.sock"));
    let client = |login: Option<&Login>| Client::new(Endpoint::new(socket.clone(), login.cloned()));
    wait_until("the daemon to answer", || {
        client(login.as_ref())
            .call("supervisor.getState", &[])
            .is_ok()
    });
    let error = client(None).call("supervisor.getState", &[]);
    let error = error.expect_err("no password").to_string();
    assert!(error.contains("requires authentication"), "{error}");
    assert!(
        !daemon
            .text("main.log")
            .contains("without any HTTP authentication")
    );
    client(login.as_ref())
        .call("supervisor.shutdown", &[])
        .expect("an answer");
    assert!(daemon.ended().success());
}
