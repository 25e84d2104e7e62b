//! FastCGI programs behind a real web server: what they share, and that no client notices when
//! they are restarted.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::Scope;

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use visord_xmlrpc::Value;

use crate::harness::{Daemon, Setup, is_installed, kill, wait_until};

const NGINX: &str = "/usr/sbin/nginx";
/// Both processes of the program are replaced at once so many times, about once a second: 40 restarts.
const ROUNDS: usize = 20;
/// Clients that never stop asking.
const CLIENTS: usize = 3;

fn is_root() -> bool {
    nix::unistd::getuid().is_root()
}

/// `examples/fastcgi.rs`, which `cargo test` builds.
fn responder() -> PathBuf {
    let programs = Path::new(env!("CARGO_BIN_EXE_supervisord")).parent();
    let path = programs.expect("a folder").join("examples/fastcgi");
    assert!(path.exists(), "build it first: cargo build --examples");
    path
}

/// Two processes of the example behind this socket.
fn program(options: &str) -> String {
    format!(
        "[fcgi-program:app]\ncommand={}\nprocess_name=app_%(process_num)d\nnumprocs=2\n\
         autorestart=true\nstartsecs=0\n{options}\n",
        responder().display()
    )
}

/// nginx in the daemon's folder, passing everything on to `upstream`.
fn nginx(setup: &Setup, upstream: &str) -> String {
    // as root, the workers run as another user: they need the folder and the socket
    let user = if is_root() {
        "user nobody nogroup;"
    } else {
        ""
    };
    let text = format!(
        "{user} daemon off; error_log stderr; pid nginx.pid; worker_processes 1;\n\
         events {{ worker_connections 64; }}\n\
         http {{ access_log off; client_body_temp_path tmp_body; proxy_temp_path tmp_proxy;\n\
         fastcgi_temp_path tmp_fastcgi; uwsgi_temp_path tmp_uwsgi; scgi_temp_path tmp_scgi;\n\
         server {{ listen unix:nginx.sock; location / {{\n\
         fastcgi_pass {upstream}; fastcgi_param REQUEST_URI $request_uri; }} }} }}\n"
    );
    fs::write(setup.path("nginx.conf"), text).expect("nginx.conf");
    let folder = setup.path("");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("chmod");
    format!("[program:nginx]\ncommand={NGINX} -e stderr -p @DIR@/ -c nginx.conf\nstartsecs=0\n")
}

/// Ask the web server for a page: the whole answer.
fn ask(socket: &Path, page: &str) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    write!(stream, "GET {page} HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The pid of the process that gave a good answer.
fn answerer(socket: &Path, page: &str) -> i32 {
    let answer = ask(socket, page).expect("an answer");
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    let good = answer.starts_with("HTTP/1.1 200 ");
    let (pid, path) = body.split_once(' ').unwrap_or_default();
    assert!(good && path == page, "a bad answer to {page}: {answer}");
    pid.parse().expect("a pid")
}

/// Clients that ask until they are told to stop; each answer must be right.
fn ask_on<'scope>(
    scope: &'scope Scope<'scope, '_>,
    socket: &'scope Path,
    stop: &'scope AtomicBool,
    answers: &'scope AtomicUsize,
) {
    for client in 0..CLIENTS {
        scope.spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let number = answers.fetch_add(1, Ordering::Relaxed);
                answerer(socket, &format!("/{client}/{number}"));
            }
        });
    }
}

/// Sets the flag also when a panic passes by: the clients must end.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Replace both processes again and again while clients ask; every single answer is right.
fn nobody_notices_restarts(daemon: &Daemon, members: [&str; 2]) {
    let web = daemon.path("nginx.sock");
    wait_until("the web server", || ask(&web, "/").is_ok());
    members
        .iter()
        .for_each(|name| daemon.wait_state(name, "RUNNING"));
    let (stop, answers) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let _end = StopAtEnd(&stop);
        ask_on(scope, &web, &stop, &answers);
        for _ in 0..ROUNDS {
            let old = members.map(|name| daemon.child_pid(name));
            // both at once: for a moment only the daemon holds the socket
            old.iter().for_each(|pid| kill(*pid, libc::SIGTERM));
            let before = answers.load(Ordering::Relaxed);
            for (name, old) in members.iter().zip(old) {
                wait_until(&format!("the replacement of {name}"), || {
                    ![0, old].contains(&daemon.child_pid(name))
                });
            }
            wait_until("answers of the new processes", || {
                answers.load(Ordering::Relaxed) > before + CLIENTS
            });
        }
        // one after the other by request: the other one keeps the socket
        for name in members {
            let old = daemon.child_pid(name);
            assert_eq!(daemon.ctl(&["restart", name]).status.code(), Some(0));
            assert_ne!(daemon.child_pid(name), old);
        }
    });
    let now = members.map(|name| daemon.child_pid(name));
    assert!(now.contains(&answerer(&web, "/last")));
    let log = daemon.text("main.log");
    // the test at the start, and once for all of this
    assert_eq!(log.matches("Creating socket").count(), 2, "{log}");
    assert_eq!(log.matches("Closing socket").count(), 1, "{log}");
}

#[test]
fn a_unix_socket_behind_nginx_answers_throughout_40_restarts() {
    if !is_installed(NGINX) {
        return;
    }
    let setup = Setup::new();
    let web = nginx(
        &setup,
        &format!("unix:{}", setup.path("app.sock").display()),
    );
    // without the owner, the workers of nginx could not connect
    let owner = if is_root() {
        "socket_owner=nobody:nogroup\n"
    } else {
        ""
    };
    let options = format!("socket=unix://@DIR@/app.sock\nsocket_mode=0600\n{owner}");
    setup.configure("", &format!("{}{web}", program(&options)));
    let daemon = setup.start();
    nobody_notices_restarts(&daemon, ["app:app_0", "app:app_1"]);
    let file = fs::metadata(daemon.path("app.sock")).expect("the socket");
    assert_eq!(file.mode() & 0o777, 0o600);
    if is_root() {
        let nobody = nix::unistd::User::from_name("nobody").ok().flatten();
        assert_eq!(file.uid(), nobody.expect("nobody").uid.as_raw());
    }
}

/// An address that no other program of the machine uses: all of 127/8 is this host.
fn own_address() -> String {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    format!("127.{}.{middle}.{}", high | 0x80, low | 1)
}

#[test]
fn a_tcp_socket_of_a_program_in_a_group_does_too() {
    if !is_installed(NGINX) {
        return;
    }
    let setup = Setup::new();
    let address = format!("{}:9000", own_address());
    let web = nginx(&setup, &address);
    let app = program(&format!("socket=tcp://{address}"));
    let group = "[group:site]\nprograms=app,nginx\n";
    setup.configure("", &format!("{app}{web}{group}"));
    let daemon = setup.start();
    nobody_notices_restarts(&daemon, ["site:app_0", "site:app_1"]);
    // the other programs of the group do not hold it open, the last process of this one does
    let stop = |name: &str| daemon.call("supervisor.stopProcess", &[Value::from(name)]);
    stop("site:app_0");
    TcpStream::connect(&address).expect("one is left");
    stop("site:app_1");
    daemon.wait_log("Closing socket");
    wait_until("the end of the socket", || {
        daemon.text("main.log").matches("Closing socket").count() == 2
    });
    assert!(TcpStream::connect(&address).is_err(), "it is closed");
    daemon.call("supervisor.startProcess", &[Value::from("site:app_0")]);
    let web = daemon.path("nginx.sock");
    assert_eq!(answerer(&web, "/again"), daemon.child_pid("site:app_0"));
}

/// Connect without waiting for room in the backlog.
fn knock(path: &Path) -> nix::Result<std::os::fd::OwnedFd> {
    use std::os::fd::AsRawFd;
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let stream = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    connect(stream.as_raw_fd(), &UnixAddr::new(path)?)?;
    Ok(stream)
}

#[test]
fn the_backlog_is_the_one_asked_for() {
    let daemon = Daemon::with(
        "",
        "[fcgi-program:deaf]\ncommand=/bin/sleep 1000\nstartsecs=0\n\
         socket=unix://@DIR@/deaf.sock\nsocket_backlog=2\n",
    );
    daemon.wait_state("deaf", "RUNNING");
    let path = daemon.path("deaf.sock");
    // Linux keeps one more than it is told to
    let kept: Vec<_> = (0..3).map(|_| knock(&path).expect("room")).collect();
    assert_eq!(knock(&path).err(), Some(Errno::EAGAIN));
    drop(kept);
}

/// The order of words in the activity log is the original's (spec core 8.3).
#[test]
fn the_socket_comes_before_the_command_is_looked_for() {
    let daemon = Daemon::with(
        "",
        "[fcgi-program:lost]\ncommand=/nonexistent/program\nstartretries=0\n\
         socket=unix://@DIR@/lost.sock\n",
    );
    daemon.wait_state("lost", "FATAL");
    wait_until("the end of the socket", || {
        daemon.text("main.log").matches("Closing socket").count() == 2
    });
    let log = daemon.text("main.log");
    let from_the_start = log.split("supervisord started").nth(1).expect("a start");
    let at = |text: &str| from_the_start.find(text).unwrap_or_else(|| panic!("{log}"));
    assert!(at("Creating socket") < at("spawnerr: can't find command"));
    assert!(at("spawnerr: can't find command") < at("Closing socket"));
}

/// At the start of the daemon, at a restart and at an update: it is a spawn error of the program, and
/// of nothing else (difference C30).
#[test]
fn a_socket_that_cannot_be_bound_is_a_spawn_error() {
    let occupant = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = occupant.local_addr().expect("its address").port();
    let other = "[program:other]\ncommand=/bin/sleep 1000\nstartsecs=0\n";
    let programs = format!(
        "[fcgi-program:taken]\ncommand=/bin/sleep 1000\nstartsecs=0\nstartretries=0\n\
         socket=tcp://127.0.0.1:{port}\n\
         [fcgi-program:nowhere]\ncommand=/bin/sleep 1000\nstartsecs=0\nautostart=false\n\
         startretries=0\nsocket=unix://@DIR@/folder/s\n{other}"
    );
    let daemon = Daemon::with("", &programs);
    let url = format!("tcp://127.0.0.1:{port}");
    let is_as_it_should_be = |count: usize| {
        daemon.wait_state("other", "RUNNING");
        daemon.wait_state("taken", "FATAL");
        let reason = daemon.info("taken", "spawnerr");
        let reason = reason.as_str().expect("a text");
        assert!(reason.contains("Address already in use"), "{reason}");
        assert_eq!(daemon.state("nowhere"), "STOPPED");
        let start = daemon.try_call("supervisor.startProcess", &[Value::from("nowhere")]);
        assert!(start.expect_err("no folder").contains("SPAWN_ERROR"));
        let reason = daemon.info("nowhere", "spawnerr");
        let reason = reason.as_str().expect("a text");
        assert!(reason.contains("No such file or directory"), "{reason}");
        let log = daemon.text("main.log");
        let told = log
            .lines()
            .filter(|line| line.contains("CRIT") && line.contains(&url));
        assert_eq!(told.count(), count, "{log}");
    };
    is_as_it_should_be(1);
    daemon.call("supervisor.restart", &[]);
    wait_until("the restart", || {
        let log = daemon.text("main.log");
        log.matches("supervisord started with pid").count() == 2
            && daemon.try_call("supervisor.getState", &[]).is_ok()
    });
    is_as_it_should_be(2);
    // an update, and then it can be bound
    daemon.setup().configure("", other);
    assert_eq!(daemon.ctl(&["update"]).status.code(), Some(0));
    daemon.setup().configure("", &programs);
    assert_eq!(daemon.ctl(&["update"]).status.code(), Some(0));
    is_as_it_should_be(2);
    drop(occupant);
    fs::create_dir(daemon.path("folder")).expect("mkdir");
    for name in ["taken", "nowhere"] {
        daemon.call("supervisor.startProcess", &[Value::from(name)]);
        assert_eq!(daemon.state(name), "RUNNING");
    }
}
