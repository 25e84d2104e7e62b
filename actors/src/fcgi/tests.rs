//! Shared sockets, with real files and ports.

use super::*;
use nix::sys::socket::{Shutdown, shutdown};
use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Instant;
use tempfile::TempDir;

use crate::tests::Lines;

struct Place {
    dir: TempDir,
    log: Lines,
}

impl Place {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().expect("temp dir"),
            log: Lines::default(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn socket(&self, address: ListenAddress) -> SharedSocket {
        let config = FcgiSocket {
            url: "the:url".to_owned(),
            address,
            backlog: Some(60_000),
        };
        SharedSocket::new(Arc::new(config), self.log.logger())
    }

    fn unix(&self, name: &str, owner: Ownership) -> SharedSocket {
        let (path, mode) = (self.path(name), 0o620);
        self.socket(ListenAddress::Unix { path, owner, mode })
    }
}

impl Place {
    /// `INFO text` for each line, then `ok` or the error.
    fn told<T>(&self, outcome: &Result<T, SpawnError>) -> Vec<String> {
        let end = match outcome {
            Ok(_) => "ok".to_owned(),
            Err(error) => error.to_string(),
        };
        let lines = self.log.take().into_iter();
        lines.chain([end]).collect()
    }

    /// As a start that is ordered now.
    fn acquire(&self, socket: &SharedSocket, user: &str) -> Result<OwnedFd, SpawnError> {
        socket.acquire(user, socket.next_use())
    }

    /// After all starts so far; what is logged.
    fn release(&self, socket: &SharedSocket, user: &str) -> Vec<String> {
        socket.release(user, socket.next_use());
        self.log.take()
    }
}

const CREATING: &str = "INFO Creating socket the:url";
const CLOSING: &str = "INFO Closing socket the:url";
const NOTHING: [&str; 0] = [];

/// A child that another test is making right now holds every descriptor until its exec.
fn wait_closed(connect: impl Fn() -> io::Result<UnixStream>) {
    visord_test_support::wait_until("the end of the socket", || connect().is_err());
}

#[test]
fn is_open_from_the_first_user_to_the_last() {
    let place = Place::new();
    let socket = place.unix("s", Ownership::default());
    let connect = || UnixStream::connect(place.path("s"));

    assert_eq!(
        place.told(&probe(&socket.0.config, &place.log.logger())),
        [CREATING, CLOSING, "ok"]
    );
    wait_closed(connect);
    assert!(place.path("s").exists(), "closed, though its file stays");

    let first = place.acquire(&socket, "a");
    assert_eq!(place.told(&first), [CREATING, "ok"]);
    let mode = fs::metadata(place.path("s")).expect("file").permissions();
    assert_eq!(mode.mode() & 0o7777, 0o620);
    assert_eq!(place.told(&place.acquire(&socket.clone(), "b")), ["ok"]);
    assert_eq!(
        place.told(&place.acquire(&socket, "a")),
        ["ok"],
        "a restart"
    );
    assert_eq!(place.release(&socket, "a"), NOTHING);
    assert_eq!(place.release(&socket, "a"), NOTHING, "twice is once");
    connect().expect("b still uses it");

    // what a child holds is the same listening socket, in blocking mode
    let listener = UnixListener::from(first.expect("descriptor"));
    let (mut served, _) = listener.accept().expect("connection from above");
    assert_eq!(served.read(&mut [0]).expect("end of stream"), 0);
    drop((served, listener));

    assert_eq!(place.release(&socket, "b"), [CLOSING]);
    wait_closed(connect);
    assert!(place.path("s").exists());
    assert_eq!(
        place.told(&place.acquire(&socket, "a")),
        [CREATING, "ok"],
        "again"
    );
}

#[test]
fn a_release_ends_its_own_use_and_earlier_ones_only() {
    let place = Place::new();
    let socket = place.unix("s", Ownership::default());
    let connect = || UnixStream::connect(place.path("s"));
    let [cancelled, late, running] = [(); 3].map(|()| socket.next_use());

    // a start that was cancelled before its turn comes to the socket
    socket.release("a", cancelled);
    assert_eq!(place.log.take(), NOTHING);
    let refused = socket.acquire("a", cancelled);
    assert_eq!(place.told(&refused), ["the start was cancelled"]);
    assert!(connect().is_err(), "not opened");

    // one that hangs and comes after the next, and the release that was meant for it
    assert_eq!(place.told(&socket.acquire("a", running)), [CREATING, "ok"]);
    assert_eq!(
        place.told(&socket.acquire("a", late)),
        ["the start was cancelled"]
    );
    socket.release("a", late);
    assert_eq!(place.log.take(), NOTHING);
    connect().expect("a running process keeps it");
    socket.release("a", running);
    assert_eq!(place.log.take(), [CLOSING]);
    wait_closed(connect);
}

#[test]
fn an_opening_that_hangs_keeps_no_other() {
    let place = Place::new();
    let socket = place.unix("s", Ownership::default());
    socket.0.state.lock().opening = Some(Instant::now() - SPAWN_TIMEOUT);
    let hangs = "Could not create FastCGI socket the:url: an earlier attempt to open it hangs";
    assert_eq!(place.told(&place.acquire(&socket, "b")), [hangs]);
    assert_eq!(place.release(&socket, "b"), NOTHING);
    // another one waits for it
    socket.0.state.lock().opening = Some(Instant::now());
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| place.told(&place.acquire(&socket, "c")));
        drop(socket.has_opened());
        assert_eq!(waits.join().expect("no panic"), [CREATING, "ok"]);
    });
}

#[test]
fn tcp_needs_a_free_port() {
    let place = Place::new();
    // an address of this test alone: nobody else may take its port while it is free
    let pid = std::process::id().to_be_bytes();
    let host = format!("127.{}.{}.{}", pid[1] | 1, pid[2], pid[3]);
    let taken = TcpListener::bind((&*host, 0)).expect("bind");
    let port = taken.local_addr().expect("address").port();
    let address = (host.clone(), port);
    let socket = place.socket(ListenAddress::Inet { host, port });
    let refused = "Could not create FastCGI socket the:url: [Errno 98] Address already in use";
    assert_eq!(
        place.told(&probe(&socket.0.config, &place.log.logger())),
        [CREATING, refused]
    );
    assert_eq!(
        place.told(&place.acquire(&socket, "a")),
        [CREATING, refused]
    );
    // a child that another test is starting may hold a copy of it until it executes
    shutdown(taken.as_raw_fd(), Shutdown::Read).expect("no longer listening");
    drop(taken);
    let open = place.acquire(&socket, "a");
    assert_eq!(place.told(&open), [CREATING, "ok"]);
    TcpStream::connect(address).expect("listens");
}

#[test]
fn only_sockets_are_replaced() {
    let place = Place::new();
    let none = Ownership::default();
    drop(UnixListener::bind(place.path("stale")).expect("bind"));
    fs::write(place.path("file"), "precious").expect("write");
    fs::create_dir(place.path("dir")).expect("mkdir");
    let root = place.dir.path().display();
    for (name, reason) in [
        ("stale", None),
        ("file", Some(format!("file '{root}/file' is not a socket"))),
        (
            "dir",
            Some(format!("[Errno 21] Is a directory: '{root}/dir'")),
        ),
        (
            "no/s",
            Some("[Errno 2] No such file or directory".to_owned()),
        ),
    ] {
        let end = match reason {
            None => "ok".to_owned(),
            Some(reason) => format!("Could not create FastCGI socket the:url: {reason}"),
        };
        let told = place.told(&place.acquire(&place.unix(name, none), "a"));
        assert_eq!(told, [CREATING.to_owned(), end]);
    }
    assert_eq!(fs::read(place.path("file")).expect("read"), b"precious");
}

#[test]
fn a_socket_that_cannot_have_its_owner_is_not_left_behind() {
    let place = Place::new();
    let nobody = Ownership {
        uid: Some(65_534),
        gid: None,
    };
    let outcome = place.acquire(&place.unix("s", nobody), "a");
    if nix::unistd::geteuid().is_root() {
        use std::os::unix::fs::MetadataExt;
        outcome.expect("root may give it away");
        let file = fs::metadata(place.path("s")).expect("file");
        assert_eq!(file.uid(), 65_534);
    } else {
        let path = place.path("s");
        let text = format!(
            "Could not create FastCGI socket the:url: Could not change ownership of socket file: \
             [Errno 1] Operation not permitted: '{}'",
            path.display()
        );
        assert_eq!(outcome.expect_err("refused").to_string(), text);
        assert!(!path.exists());
    }
}
