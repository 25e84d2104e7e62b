//! The client against servers that say exactly what the test wrote.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::unix::net::UnixListener;
use std::thread::{self, JoinHandle};

use super::*;
use crate::client::Client;

/// The whole answer to `GET /x`.
fn get(client: &mut Client, address: &Address) -> Result<(Head, Vec<u8>), CallError> {
    let request = Endpoint::new(address.clone(), None).get("Accept: */*\r\n", "/x");
    client.exchange(&request)
}

fn get_once(address: Address) -> Result<(Head, Vec<u8>), CallError> {
    get(
        &mut Client::new(Endpoint::new(address.clone(), None)),
        &address,
    )
}

/// Serve one connection: for each answer, read one request (its head) and write the
/// answer; returns the requests. Then hang up.
fn serve<S: Read + Write + Send + 'static>(
    accept: impl FnOnce() -> S + Send + 'static,
    answers: &'static [&'static str],
) -> JoinHandle<Vec<String>> {
    thread::spawn(move || {
        let mut stream = accept();
        let mut requests = Vec::new();
        for answer in answers {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).expect("a request");
                request.push(byte[0]);
            }
            stream.write_all(answer.as_bytes()).expect("the answer");
            requests.push(String::from_utf8(request).expect("text"));
        }
        requests
    })
}

fn tcp(answers: &'static [&'static str]) -> (Address, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    let server = serve(move || listener.accept().expect("a client").0, answers);
    let host = "127.0.0.1".to_owned();
    (
        Address::Tcp {
            host,
            port,
            tls: false,
        },
        server,
    )
}

#[test]
fn two_requests_share_a_connection() {
    let (address, server) = tcp(&[
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none",
        "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n",
    ]);
    let mut client = Client::new(Endpoint::new(address.clone(), None));
    let (head, body) = get(&mut client, &address).expect("the first answer");
    assert_eq!((head.status, &body[..]), (200, &b"one"[..]));
    let (head, body) = get(&mut client, &address).expect("the second answer");
    assert_eq!((head.status, &body[..]), (404, &b"two"[..]));
    let requests = server.join().expect("the server");
    assert!(requests[0].starts_with("GET /x HTTP/1.1\r\nHost: 127.0.0.1:"));
    assert!(requests[0].contains("\r\nAccept: */*\r\n"));
}

#[test]
fn a_body_without_length_ends_with_the_connection() {
    let (address, server) = tcp(&["HTTP/1.0 200 OK\r\n\r\nall of it"]);
    let (_, body) = get_once(address).expect("an answer");
    assert_eq!(body, b"all of it");
    server.join().expect("the server");
}

#[test]
fn interim_answers_are_skipped() {
    let (address, server) =
        tcp(&["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"]);
    assert_eq!(get_once(address).expect("an answer").1, b"x");
    server.join().expect("the server");
}

#[test]
fn silence_and_half_an_answer() {
    let (address, server) = tcp(&[""]);
    assert!(matches!(get_once(address), Err(CallError::Disconnected)));
    server.join().expect("the server");
    let (address, server) = tcp(&["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"]);
    assert!(matches!(get_once(address), Err(CallError::NotHttp(_))));
    server.join().expect("the server");
}

#[test]
fn a_head_that_never_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    let server = thread::spawn(move || {
        let mut stream = listener.accept().expect("a client").0;
        let line = format!("X: {}\r\n", "x".repeat(1000));
        // Ends with the connection, when the client has had enough.
        while stream.write_all(line.as_bytes()).is_ok() {}
    });
    let host = "127.0.0.1".to_owned();
    let answer = get_once(Address::Tcp {
        host,
        port,
        tls: false,
    });
    assert!(matches!(answer, Err(CallError::NotHttp(_))), "{answer:?}");
    server.join().expect("the server");
}

#[test]
fn a_unix_socket_and_a_followed_body() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s.sock");
    let listener = UnixListener::bind(&path).expect("a socket");
    let server = serve(
        move || listener.accept().expect("a client").0,
        &["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n"],
    );
    let client = Client::new(Endpoint::new(Address::Unix(path), None));
    let mut answer = client.stream("/x").expect("a head");
    assert_eq!(answer.head.status, 200);
    let ended = loop {
        if let Err(error) = answer.read() {
            break error;
        }
        assert!(!answer.is_closed(), "cut off without a last chunk");
    };
    assert!(matches!(ended, CallError::NotHttp(_)), "{ended:?}");
    assert!(answer.is_closed());
    assert_eq!(answer.take_chunks(), b"abc");
    assert!(
        server.join().expect("the server")[0].contains("Host: localhost\r\n"),
        "the host of a unix socket"
    );
}

#[test]
fn another_thread_ends_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    let host = "127.0.0.1".to_owned();
    let client = thread::spawn(move || {
        Client::new(Endpoint::new(
            Address::Tcp {
                host,
                port,
                tls: false,
            },
            None,
        ))
        .stream("/x")
    });
    let mut stream = listener.accept().expect("a client").0;
    stream
        .write_all(b"HTTP/1.1 200 OK\r\n\r\n")
        .expect("a head");
    let mut answer = client.join().expect("the client").expect("an answer");
    let socket = answer.try_clone_socket().expect("a descriptor");
    let reader = thread::spawn(move || answer.read().map(|()| answer.is_closed()));
    socket.shutdown(Shutdown::Both).expect("a connection");
    assert!(matches!(reader.join().expect("the reader"), Ok(true)));
}

#[test]
fn no_server() {
    let missing = get_once(Address::Unix("/nonexistent/s.sock".into()));
    assert!(matches!(missing, Err(CallError::NoSuchFile)), "{missing:?}");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    drop(listener);
    let host = "127.0.0.1".to_owned();
    let refused = get_once(Address::Tcp {
        host,
        port,
        tls: false,
    });
    assert!(matches!(refused, Err(CallError::Refused)), "{refused:?}");
    let error = CallError::connect(io::ErrorKind::TimedOut.into());
    assert!(matches!(error, CallError::Io(_)), "{error:?}");
}
