//! What commands ask of a daemon, and that a method that a daemon lacks is named. Between
//! supervisorctl and the daemon there is a server that writes down every call and can deny having a
//! method.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

use visord::ctl::command::ALL;

use crate::harness::{Daemon, Setup};
use crate::rpc_server::{http_answer, read_request};

/// Methods that the server answers itself: the daemon is still needed.
const SPARED: [&str; 2] = ["supervisor.shutdown", "supervisor.restart"];

/// Commands that do without a method of visord's own, in the original's way.
const SPARABLE: [(&str, &str); 2] = [
    ("update", "supervisor.updateProcessGroup"),
    ("status", "supervisor.getAllProcessDetails"),
];

/// What each command calls, without `supervisor.`: methods, and the first part of the paths of
/// streams. (`status --watch` and `tail -f` of several, which only Ctrl-C ends, also open `/live`.)
fn calls(command: &str) -> BTreeSet<String> {
    let names = match command {
        "EOF" | "completion" | "exit" | "help" | "man" | "quit" => "",
        "add" => "addProcessGroup getAllConfigInfo",
        "avail" => "getAllConfigInfo",
        "clear" => "getVersion getAllProcessInfo clearProcessLogs clearAllProcessLogs",
        "fg" => "getVersion getAllProcessInfo getProcessInfo sendProcessStdin /logtail",
        "logs" => "getVersion getAllProcessInfo rotateProcessLogs reopenProcessLogs",
        "maintail" => "getVersion readLog /mainlogtail",
        "open" => "getVersion getAllProcessInfo",
        "pid" => "getVersion getPID getProcessInfo getAllProcessInfo",
        "reload" => "restart",
        "remove" => "removeProcessGroup getAllProcessInfo",
        "reread" => "reloadConfig",
        "restart" => {
            "getVersion getAllProcessInfo stopProcess stopProcessGroup stopAllProcesses \
             startProcess startProcessGroup startAllProcesses"
        }
        "shutdown" => "shutdown",
        "signal" => {
            "getVersion getAllProcessInfo signalProcess signalProcessGroup signalAllProcesses"
        }
        "start" => "getVersion getAllProcessInfo startProcess startProcessGroup startAllProcesses",
        "status" => "getVersion getAllProcessInfo getAllProcessDetails",
        "stop" => "getVersion getAllProcessInfo stopProcess stopProcessGroup stopAllProcesses",
        "tail" => "getVersion getAllProcessInfo readProcessStdoutLog readProcessStderrLog /logtail",
        "update" => {
            "reloadConfig getAllProcessInfo updateProcessGroup stopProcessGroup \
             removeProcessGroup addProcessGroup"
        }
        "version" => "getVersion getSupervisorVersion",
        "wait" => "getVersion getAllProcessInfo /live",
        other => panic!("what does {other} call?"),
    };
    let full = |name: &str| match name.starts_with('/') {
        true => name.to_owned(),
        false => format!("supervisor.{name}"),
    };
    names.split_whitespace().map(full).collect()
}

/// How each command is used to make all the calls it ever makes.
fn uses() -> BTreeMap<&'static str, &'static [&'static str]> {
    BTreeMap::from([
        ("EOF", &["EOF"][..]),
        ("add", &["add nope", "add n*pe"]),
        ("avail", &["avail"]),
        ("clear", &["clear cat", "clear c*t", "clear all"]),
        ("completion", &["completion bash"]),
        ("exit", &["exit"]),
        ("fg", &["fg cat", "fg c*t"]),
        ("help", &["help", "help start"]),
        ("logs", &["logs rotate", "logs reopen cat"]),
        ("maintail", &["maintail", "maintail -f"]),
        ("man", &["man", "man supervisord"]),
        ("open", &["open @URL@"]),
        ("pid", &["pid", "pid cat", "pid all"]),
        ("quit", &["quit"]),
        ("reload", &["reload"]),
        ("remove", &["remove nope", "remove n*pe"]),
        ("reread", &["reread"]),
        (
            "restart",
            &["restart cat", "restart c*", "restart g:*", "restart all"],
        ),
        ("shutdown", &["shutdown"]),
        (
            "signal",
            &[
                "signal CONT cat",
                "signal CONT c*",
                "signal CONT g:*",
                "signal CONT all",
            ],
        ),
        (
            "start",
            &["start cat", "start c*", "start g:*", "start all"],
        ),
        ("status", &["status", "status --long"]),
        ("stop", &["stop cat", "stop c*", "stop g:*", "stop all"]),
        (
            "tail",
            &["tail cat", "tail c*t", "tail cat stderr", "tail -f nope"],
        ),
        (
            "update",
            &["update", "update all nope", "update new9 c* new1 new2 new3"],
        ),
        ("version", &["version"]),
        ("wait", &["wait cat --for RUNNING,STOPPED --timeout 1"]),
    ])
}

/// What the server in between knows.
#[derive(Default)]
struct Book {
    calls: BTreeSet<String>,
    lacking: Option<String>,
}

struct Between {
    url: String,
    book: Arc<Mutex<Book>>,
}

impl Between {
    fn start(daemon: &Daemon) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let book = Arc::new(Mutex::new(Book::default()));
        let (shared, socket) = (Arc::clone(&book), daemon.path("s.sock"));
        // It ends with the tests.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (book, socket) = (Arc::clone(&shared), socket.clone());
                thread::spawn(move || serve(client, &book, socket));
            }
        });
        Self { url, book }
    }

    /// Run a command; what it called and what it said.
    fn run(&self, setup: &Setup, line: &str, lacking: Option<String>) -> Outcome {
        *self.book.lock().expect("the book") = Book {
            lacking,
            ..Book::default()
        };
        let line = line.replace("@URL@", &self.url);
        let words: Vec<&str> = ["-s", &self.url]
            .into_iter()
            .chain(line.split(' '))
            .collect();
        let output = setup.ctl_alone(&words, "for fg\n");
        Outcome {
            calls: std::mem::take(&mut self.book.lock().expect("the book").calls),
            said: String::from_utf8_lossy(&output.stdout).into_owned(),
        }
    }
}

struct Outcome {
    calls: BTreeSet<String>,
    said: String,
}

/// Answer one request; the client opens another connection for the next.
fn serve(mut client: TcpStream, book: &Mutex<Book>, socket: PathBuf) {
    let Some((head, body)) = read_request(&client) else {
        return;
    };
    let reply = answer(&head, &body, &mut book.lock().expect("the book"));
    let reply = reply.unwrap_or_else(|| forward(&head, &body, socket));
    // A client that has gone wants no answer.
    let _ = client.write_all(&reply);
}

/// The answer, unless the daemon is to give it.
fn answer(head: &str, body: &str, book: &mut Book) -> Option<Vec<u8>> {
    let Some(method) = between(body, "<methodName>", "</methodName>") else {
        let path = between(head, "GET ", " ").expect("a path");
        let stream = path.split(['/', '?']).nth(1).expect("a stream");
        book.calls.insert(format!("/{stream}"));
        let reply = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        return Some(reply.as_bytes().to_vec());
    };
    book.calls.insert(method.to_owned());
    if book.lacking.as_deref() == Some(method) {
        return Some(fault(1, "UNKNOWN_METHOD"));
    }
    let truth = "<params><param><value><boolean>1</boolean></value></param></params>";
    SPARED.contains(&method).then(|| reply(truth))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?
        .1
        .split_once(after)
        .map(|(found, _)| found)
}

fn fault(code: i32, name: &str) -> Vec<u8> {
    reply(&format!(
        "<fault><value><struct><member><name>faultCode</name><value><int>{code}</int></value>\
         </member><member><name>faultString</name><value><string>{name}</string></value>\
         </member></struct></value></fault>"
    ))
}

fn reply(content: &str) -> Vec<u8> {
    http_answer(&format!(
        "<?xml version='1.0'?><methodResponse>{content}</methodResponse>"
    ))
}

fn forward(head: &str, body: &str, socket: PathBuf) -> Vec<u8> {
    let mut daemon = UnixStream::connect(socket).expect("the daemon");
    let head = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    daemon
        .write_all(format!("{head}{body}").as_bytes())
        .expect("ask");
    let mut reply = Vec::new();
    daemon.read_to_end(&mut reply).expect("an answer");
    reply
}

/// A daemon whose configuration differs from one number to the next: a group is new, one is
/// changed, one is gone.
fn configure(setup: &Setup, number: usize) {
    let programs = format!(
        "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n\
         [program:changing]\ncommand=/bin/cat\nstartsecs=0\nenvironment=N=\"{number}\"\n\
         [group:g]\nprograms=member\n[program:member]\ncommand=/bin/cat\nstartsecs=0\n\
         [program:new{number}]\ncommand=/bin/cat\nstartsecs=0\n"
    );
    setup.configure("", &programs);
}

fn daemon() -> Daemon {
    let setup = Setup::new();
    configure(&setup, 0);
    let daemon = setup.start();
    daemon.wait_state("cat", "RUNNING");
    daemon
}

#[test]
fn commands_call_what_they_need_and_nothing_else() {
    let daemon = daemon();
    let between = Between::start(&daemon);
    let uses = uses();
    let mut number = 0;
    for command in ALL {
        let name = command.name;
        let lines = uses
            .get(name)
            .unwrap_or_else(|| panic!("how is {name} used?"));
        // What only the original's daemon is asked.
        let sparable = SPARABLE.iter().filter(|(of, _)| *of == name);
        let ways = [None]
            .into_iter()
            .chain(sparable.map(|(_, method)| Some((*method).to_owned())));
        let mut made = BTreeSet::new();
        for lacking in ways {
            for line in *lines {
                number += 1;
                configure(daemon.setup(), number);
                made.extend(between.run(daemon.setup(), line, lacking.clone()).calls);
            }
        }
        assert_eq!(made, calls(name), "{name}");
    }
}

#[test]
fn what_a_daemon_lacks_is_named() {
    let daemon = daemon();
    let between = Between::start(&daemon);
    let uses = uses();
    let mut number = 0;
    for command in ALL {
        let methods = calls(command.name).into_iter();
        for method in methods.filter(|name| !name.starts_with('/')) {
            let mut said = String::new();
            for line in uses[command.name] {
                number += 1;
                configure(daemon.setup(), number);
                said.push_str(&between.run(daemon.setup(), line, Some(method.clone())).said);
            }
            let name = command.name;
            if SPARABLE.contains(&(name, &method)) {
                assert!(!said.contains("error:"), "{name} without {method}: {said}");
            } else if method == "supervisor.getVersion" {
                let words = "did not recognize the supervisor namespace";
                assert!(said.contains(words), "{name} without {method}: {said}");
            } else {
                let words = format!("does not have {method}\n");
                assert!(said.contains(&words), "{name} without {method}: {said}");
            }
        }
    }
}
