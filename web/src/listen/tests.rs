//! Listening, with real sockets.

use super::*;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener as StdListener;
use std::thread;

fn unix(path: &Path, mode: u32, owner: Ownership) -> HttpConfig {
    HttpConfig {
        section: "unix_http_server".into(),
        address: ListenAddress::Unix {
            path: path.to_owned(),
            mode,
            owner,
        },
        users: Vec::new(),
        allowed_hosts: Vec::new(),
        max_body: 1024 * 1024,
        tls: None,
    }
}

fn plain(path: &Path) -> HttpConfig {
    unix(path, 0o700, Ownership::default())
}

fn inet(host: &str, port: u16) -> HttpConfig {
    HttpConfig {
        section: "inet_http_server".into(),
        address: ListenAddress::Inet {
            host: host.into(),
            port,
        },
        users: Vec::new(),
        allowed_hosts: Vec::new(),
        max_body: 1024 * 1024,
        tls: None,
    }
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn error(http: &[HttpConfig]) -> String {
    bind_all(http).unwrap_err().to_string()
}

#[test]
fn a_socket_file_has_its_mode_and_goes_with_its_owner() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sock");
    for mode in [0o700, 0o770, 0o777] {
        let bound = bind_all(&[unix(&path, mode, Ownership::default())]).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, mode);
        assert_eq!(names(dir.path()), ["s.sock"]);
        UnixStream::connect(&path).unwrap();
        bound[0].unlink();
        assert!(names(dir.path()).is_empty());
    }
}

#[test]
fn a_file_that_somebody_else_put_there_meanwhile_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sock");
    let bound = bind_all(&[plain(&path)]).unwrap();
    fs::remove_file(&path).unwrap();
    let _other = StdListener::bind(&path).unwrap();
    bound[0].unlink();
    assert_eq!(names(dir.path()), ["s.sock"]);
}

#[test]
fn a_stale_socket_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sock");
    drop(StdListener::bind(&path).unwrap());
    bind_all(&[plain(&path)]).unwrap();
    UnixStream::connect(&path).unwrap_err();
    assert_eq!(names(dir.path()), ["s.sock"]);
}

#[test]
fn a_socket_that_is_served_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sock");
    let listener = StdListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // one that answers and leaves before it is asked looks like one that is gone
        stream.read_exact(&mut [0]).unwrap();
        stream.write_all(b"H").unwrap();
        listener
    });
    assert_eq!(
        bind_all(&[plain(&path)]).unwrap_err(),
        ListenError::in_use()
    );
    assert_eq!(names(dir.path()), ["s.sock"]);
    server.join().unwrap();
}

#[test]
fn other_files_are_never_removed() {
    let dir = tempfile::tempdir().unwrap();
    for (name, make) in [
        (
            "file",
            Box::new(|path: &Path| fs::write(path, "text").unwrap()) as Box<dyn Fn(&Path)>,
        ),
        ("folder", Box::new(|path| fs::create_dir(path).unwrap())),
        (
            "link",
            Box::new(|path| std::os::unix::fs::symlink("nowhere", path).unwrap()),
        ),
    ] {
        let path = dir.path().join(name);
        make(&path);
        let expected = format!(
            "Cannot open an HTTP server: {} exists and is not a socket",
            path.display()
        );
        assert_eq!(error(&[plain(&path)]), expected);
    }
    assert_eq!(names(dir.path()), ["file", "folder", "link"]);
}

#[test]
fn errors_in_the_originals_words() {
    let dir = tempfile::tempdir().unwrap();
    let cannot = "Cannot open an HTTP server: socket.error reported";
    let missing = dir.path().join("missing/s.sock");
    assert_eq!(
        error(&[plain(&missing)]),
        format!("{cannot} errno.ENOENT (2)")
    );
    let long = dir.path().join("x".repeat(200));
    assert_eq!(
        error(&[plain(&long)]),
        format!("{cannot} AF_UNIX path too long")
    );
    assert_eq!(
        error(&[inet("192.0.2.1", 9)]),
        format!("{cannot} errno.EADDRNOTAVAIL (99)")
    );
    assert_eq!(
        error(&[inet("no.such.host.invalid", 9)]).split(" -").next(),
        Some(cannot)
    );
}

#[test]
fn a_failure_closes_what_was_open() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sock");
    error(&[plain(&path), inet("192.0.2.1", 9)]);
    assert!(names(dir.path()).is_empty());
}

fn address(bound: &Bound) -> SocketAddr {
    let socket = bound.socket.try_clone().unwrap();
    std::net::TcpListener::from(socket).local_addr().unwrap()
}

#[test]
fn ports() {
    for (host, dial) in [
        ("127.0.0.1", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
    ] {
        let bound = bind_all(&[inet(host, 0)]).unwrap();
        let port = address(&bound[0]).port();
        std::net::TcpStream::connect((dial, port)).unwrap();
        assert_eq!(
            error(&[inet("127.0.0.1", port)]),
            "Another program is already listening on a port that one of our HTTP servers is \
             configured to use.  Shut this program down first before starting supervisord."
        );
    }
}

#[test]
fn ipv6() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        eprintln!("skipped: this machine has no IPv6");
        return;
    }
    for host in ["[::1]", "::1"] {
        let bound = bind_all(&[inet(host, 0)]).unwrap();
        assert!(address(&bound[0]).is_ipv6());
    }
}

#[test]
fn owners() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sock");
    let owner = Ownership {
        uid: Some(65534),
        gid: None,
    };
    if Uid::effective().is_root() {
        bind_all(&[unix(&path, 0o700, owner)]).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().uid(), 65534);
    } else {
        let text = error(&[unix(&path, 0o700, owner)]);
        assert!(text.starts_with("Not permitted to chown"), "{text}");
        assert!(
            text.contains("s.sock to uid/gid (65534, -1); adjust"),
            "{text}"
        );
        assert!(names(dir.path()).is_empty());
    }
}

#[test]
fn a_link_of_another_user_is_named() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (folder, link) = (dir.path().join("folder"), dir.path().join("link"));
    fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(&folder, &link).unwrap();
    std::os::unix::fs::lchown(&link, Some(65534), None).unwrap();
    let expected = format!(
        "Cannot open an HTTP server: socket.error reported the link {} of another user leads to a \
         folder that is not theirs",
        link.display()
    );
    assert_eq!(error(&[plain(&link.join("socket"))]), expected);
}
