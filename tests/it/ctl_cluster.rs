//! The commands for Supvisors (spec cluster 10), against a server with answers that were recorded
//! from the original. What is called and what is shown was recorded, too, from the original's
//! client with the same server (`ctl_cluster/commands.txt`).

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value as Json, json};
use visord::ctl::command::cluster::CLUSTER;
use visord::ctl::command::find;
use visord::ctl::help;
use visord_xmlrpc::{Limits, Value, decode_call, encode_fault, encode_reply};

use crate::harness::{Setup, free_port};
use crate::rpc_server::{http_answer, read_request};

/// What the server answers and was asked.
struct Book {
    /// By method without its namespace and arguments, as `start_process 0 nope`; a fault is
    /// `{"fault": [code, text]}`. Everything else is answered by true.
    answers: Json,
    /// Method and arguments, except `supvisors.get_api_version`.
    calls: Vec<String>,
    /// Calls with a login.
    logins: usize,
}

struct Fake {
    port: u16,
    book: Arc<Mutex<Book>>,
}

impl Fake {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let answers = include_str!("ctl_cluster/answers.json");
        let book = Arc::new(Mutex::new(Book {
            answers: serde_json::from_str(answers).expect("JSON"),
            calls: Vec::new(),
            logins: 0,
        }));
        let shared = Arc::clone(&book);
        // It ends with the tests.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                serve(client, &mut shared.lock().expect("the book"));
            }
        });
        Self { port, book }
    }

    fn answer(&self, call: &str, answer: Json) {
        self.book.lock().expect("the book").answers[call] = answer;
    }

    fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.book.lock().expect("the book").calls)
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Exit code and output of supvisorsctl.
    fn ctl(&self, line: &str) -> (i32, String) {
        let program = env!("CARGO_BIN_EXE_supvisorsctl");
        run(program, &format!("-s {} {line}", self.url()), "")
    }
}

fn serve(mut client: TcpStream, book: &mut Book) {
    let Some((head, body)) = read_request(&client) else {
        return;
    };
    let call = decode_call(body.as_bytes(), &Limits::DEFAULT).expect("a call");
    let (_, name) = call.method.split_once('.').expect("a namespace");
    let params: Json = call.params.iter().map(to_json).collect();
    if name != "get_api_version" {
        book.calls.push(format!("{} {params}", call.method));
        book.logins += usize::from(head.contains("Authorization: Basic "));
    }
    let mut key = name.to_owned();
    for param in params.as_array().expect("a list") {
        let text = param.as_str().map(str::to_owned);
        key.push_str(&format!(" {}", text.unwrap_or_else(|| param.to_string())));
    }
    let answer = book.answers.get(&key).cloned().unwrap_or(match name {
        "get_api_version" => json!("0.19.1"),
        _ => json!(true),
    });
    let document = match answer["fault"].as_array() {
        Some(fault) => {
            let code = fault[0].as_i64().expect("a number");
            encode_fault(code, fault[1].as_str().expect("a text"))
        }
        None => encode_reply(&from_json(&answer)),
    };
    // A client that has gone wants no answer.
    let _ = client.write_all(&http_answer(&document));
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Bool(truth) => json!(truth),
        Value::Int(number) => json!(number),
        Value::Double(number) => json!(number),
        Value::Str(text) => json!(text),
        Value::Nil | Value::Base64(_) | Value::DateTime(_) | Value::Array(_) | Value::Struct(_) => {
            panic!("a parameter {value:?}")
        }
    }
}

fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(truth) => (*truth).into(),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().expect("a number").into(),
        },
        Json::String(text) => text.into(),
        Json::Array(items) => items.iter().map(from_json).collect(),
        Json::Object(members) => Value::structure(
            members
                .iter()
                .map(|(name, value)| (name.clone(), from_json(value))),
        ),
    }
}

/// Exit code and output of a program, with nothing on standard error.
fn run(program: &str, line: &str, input: &str) -> (i32, String) {
    let mut child = Command::new(program)
        .args(line.split(' '))
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("start it");
    let mut stdin = child.stdin.take().expect("its input");
    // One that ends without reading leaves a broken pipe: no matter.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("its end");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{line}");
    let out = String::from_utf8(output.stdout).expect("a text");
    (output.status.code().expect("an exit code"), out)
}

/// Each block of the file: `$ command`, `> call` in order, `| output`, where blanks at the end are
/// `␣`, `? help` for the help of the command, `=> exit code` unless 0.
#[test]
fn commands_call_and_say_what_the_original_does() {
    let fake = Fake::start();
    for block in include_str!("ctl_cluster/commands.txt").split("\n\n") {
        let (mut command, mut code) = ("", 0);
        let (mut calls, mut out) = (Vec::new(), String::new());
        for line in block.lines() {
            match line.split_once(' ').expect("a mark") {
                ("$", words) => command = words,
                (">", call) => calls.push(call.to_owned()),
                ("|", text) => out.push_str(&(text.replace('␣', " ") + "\n")),
                ("?", _) => {
                    let name = command.split(' ').next().expect("a name");
                    let command = find(name).expect("a command");
                    out.push_str(&(help::topic(command) + "\n"));
                }
                ("=>", number) => code = number.parse().expect("a number"),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(fake.ctl(command), (code, out), "{command}");
        assert_eq!(fake.take_calls(), calls, "{command}");
    }
}

#[test]
fn every_command_is_in_the_record() {
    let record = include_str!("ctl_cluster/commands.txt");
    for command in CLUSTER {
        let name = command.name;
        let lines = record.lines().filter_map(|line| line.strip_prefix("$ "));
        let mut names = lines.filter_map(|line| line.split(' ').next());
        assert!(names.any(|known| known == name), "{name}");
    }
}

/// An instance that works at this port, and one that does not.
fn instances(port: u16) -> Json {
    let instance = |nick: &str, state: i32| {
        json!({
            "identifier": format!("{nick}:1"), "nick_identifier": nick,
            "node_name": "127.0.0.1", "port": port, "statecode": state,
        })
    };
    json!([instance("a", 3), instance("b", 0), instance("c", 2)])
}

#[test]
fn what_goes_to_every_instance() {
    let fake = Fake::start();
    fake.answer("get_all_instances_info", instances(fake.port));
    let asked = "supvisors.get_all_instances_info []";
    let everywhere = "solo started on a:1: True\nsolo started on c:1: True\n";
    let started = (0, everywhere.to_owned());
    assert_eq!(fake.ctl("-u me -p secret all_start solo"), started);
    let call = "supervisor.startProcess [\"solo\",false]";
    assert_eq!(fake.take_calls(), [asked, call, call]);
    assert_eq!(fake.book.lock().expect("the book").logins, 3);
    assert_eq!(fake.ctl("all_start_args solo -a -b"), started);
    let call = "supvisors.start_args [\"solo\",\"-a -b\",false]";
    assert_eq!(fake.take_calls(), [asked, call, call]);
    let fault = json!({"fault": [10, "BAD_NAME: x"]});
    fake.answer("startProcess x false", fault);
    let refused = "x: ERROR (BAD_NAME: x)\n".repeat(2);
    assert_eq!(fake.ctl("all_start x"), (1, refused));
    fake.answer("get_all_instances_info", instances(free_port()));
    let (code, out) = fake.ctl("all_start solo");
    let words = "error: <class 'ConnectionRefusedError'>, [Errno 111] Connection refused: ";
    assert!(code == 1 && out.starts_with(words), "{out}");
    fake.answer("get_all_instances_info", json!([]));
    let nowhere = "ERROR: no running Supvisors instance\n".to_owned();
    assert_eq!(fake.ctl("all_start solo"), (0, nowhere));
}

#[test]
fn answers_without_content() {
    let fake = Fake::start();
    fake.answer("get_master_identifier", json!({}));
    fake.answer("get_core_identifiers", json!([]));
    fake.answer("get_conflicts", json!([]));
    for (command, out) in [
        ("master", "No Supvisors Master\n"),
        ("core", "No Supvisors Core instances\n"),
        ("conflicts", ""),
    ] {
        assert_eq!(fake.ctl(command), (0, out.to_owned()), "{command}");
    }
    // difference to the original, which shows an exception
    for period in ["0", "-1", "nan"] {
        let (code, out) = fake.ctl(&format!("stats_period {period}"));
        let line = "ERROR: stats_period requires a strictly positive period\n";
        assert!(code == 2 && out.starts_with(line), "{out}");
    }
}

#[test]
fn servers_that_do_not_fit() {
    let fake = Fake::start();
    fake.answer("get_api_version", json!("0.18.7"));
    let other = "ERROR: this version of supvisorsctl expects to talk to a server with API version \
                 0.19.1, but the remote version is 0.18.7.\n";
    assert_eq!(fake.ctl("master"), (5, other.to_owned()));
    assert!(fake.take_calls().is_empty());
    fake.answer("get_api_version", json!({"fault": [1, "UNKNOWN_METHOD"]}));
    let (code, out) = fake.ctl("start_application");
    let words = "ERROR: supervisord responded but did not recognize the supvisors namespace";
    assert!(code == 3 && out.starts_with(words) && out.lines().count() == 1);
    fake.answer("get_api_version", json!({"fault": [30, "FAILED"]}));
    let (code, out) = fake.ctl("master");
    let line = "error: <class 'xmlrpc.client.Fault'>, <Fault 30: 'FAILED'>\n";
    assert_eq!((code, out.as_str()), (1, line));
    let program = env!("CARGO_BIN_EXE_supvisorsctl");
    let closed = format!("http://127.0.0.1:{}", free_port());
    let refused = format!("ERROR: {closed} refused connection\n");
    assert_eq!(
        run(program, &format!("-s {closed} master"), ""),
        (4, refused)
    );
    let socket = "unix:///nonexistent/s.sock";
    let missing = format!("ERROR: {socket} no such file\n");
    assert_eq!(
        run(program, &format!("-s {socket} master"), ""),
        (7, missing)
    );
}

/// supervisorctl has the commands without a configuration; it shows them if the file asks for
/// them, or once the server has answered one.
#[test]
fn where_the_commands_are() {
    let fake = Fake::start();
    fake.answer("getVersion", json!("3.0"));
    fake.answer("getAllProcessInfo", json!([]));
    let program = env!("CARGO_BIN_EXE_supervisorctl");
    let alone = format!("-c  -s {}", fake.url());
    assert_eq!(
        run(program, &format!("{alone} sversion"), ""),
        (0, "0.19.1\n".to_owned())
    );
    let heading = "supvisors commands (type help <topic>):";
    let shows = |(_, out): (i32, String)| out.contains(heading);
    assert!(!shows(run(program, &format!("{alone} help"), "")));
    let (_, out) = run(program, &alone, "help\nsversion\nhelp\n");
    assert_eq!(out.matches(heading).count(), 1, "{out}");
    assert!(out.find("0.19.1") < out.find(heading), "{out}");
    let (_, out) = run(program, &format!("{alone} help sstate"), "");
    assert!(out.starts_with("sstate\t"), "{out}");
    assert!(shows(fake.ctl("help")));
    // nothing else asks for the namespace
    let calls = fake.take_calls();
    let wrong = calls.iter().find(|call| call.starts_with("supvisors."));
    assert_eq!(wrong, None);
    let setup = Setup::new();
    let plugin = "[ctlplugin:supvisors]\nsupervisor.ctl_factory = \
                  supvisors.supvisorsctl:make_supvisors_controller_plugin\n";
    let file = setup.configure("", plugin);
    let configured = format!("-c {} -s {}", file.display(), fake.url());
    assert!(shows(run(program, &format!("{configured} help"), "")));
    let fault = json!({"fault": [103, "DISABLED: solo"]});
    fake.answer("startProcess solo", fault);
    let disabled = "solo: ERROR disabled\n".to_owned();
    assert_eq!(
        run(program, &format!("{configured} start solo"), ""),
        (1, disabled)
    );
}

#[test]
fn documents() {
    let fake = Fake::start();
    let document = |line: &str| {
        let (_, out) = fake.ctl(&format!("--json {line}"));
        serde_json::from_str::<Json>(&out).expect(line)
    };
    assert_eq!(document("sversion")["result"], "0.19.1");
    let conflicts = document("conflicts");
    assert_eq!(conflicts["result"][0]["namespec"], "solo");
    assert_eq!(
        conflicts["result"][0]["identifiers"],
        json!(["n1:29001", "n1:29002"])
    );
    let chosen = document("instance_status sv2");
    let ports = chosen["result"].as_array().expect("a list").iter();
    let ports: Vec<_> = ports.map(|instance| &instance["port"]).collect();
    assert_eq!(ports, [&json!(29002)], "those that are shown");
    assert_eq!(document("strategies")["result"]["auto-fencing"], false);
    let refused = document("stop_process solo");
    let line = "solo: ERROR (NOT_RUNNING: solo already stopped)";
    assert_eq!(refused["errors"], json!([line]));
    assert_eq!(refused["exit_status"], 1);
    assert_eq!(
        document("start_process CONFIG solo")["output"],
        json!(["solo started: True"])
    );
}

#[test]
fn names_for_tab() {
    let fake = Fake::start();
    let url = fake.url();
    let offered = |words: &str, program: &str| {
        let line = format!("--complete fish x -s {url} {words}");
        let (_, out) = run(program, &line, "");
        let words = out.lines().filter_map(|line| line.split('\t').next());
        words.map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    let own = env!("CARGO_BIN_EXE_supvisorsctl");
    for (words, expected) in [
        ("sst", "sstate sstatus"),
        ("application_info ", "appA fails pool solo"),
        ("start_process MOST", "MOST_LOADED MOST_LOADED_NODE"),
        ("start_process CONFIG appA:", "appA:* appA:db appA:web"),
        ("update_numprocs ", "db pool solo"),
        ("sstate ", "n1:29001 n1:29002 sv1 sv2"),
        ("conciliate IN", "INFANTICIDE"),
    ] {
        assert_eq!(offered(words, own), expected, "{words}");
    }
    let plain = env!("CARGO_BIN_EXE_supervisorctl");
    assert_eq!(offered("sst", plain), "");
    assert_eq!(offered("application_info s", plain), "solo");
}
