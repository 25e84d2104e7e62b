//! Another web site: one page on a server of its own, as an attacker has.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;

/// Serve this page at every path, to the end of the test program. Returns the port.
pub(crate) fn site(page: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    std::thread::spawn(move || {
        for visit in listener.incoming() {
            // a browser that hangs up early is no matter
            let _ = visit.and_then(|stream| answer(stream, &page));
        }
    });
    port
}

fn answer(mut stream: TcpStream, page: &str) -> std::io::Result<()> {
    let mut head = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    while head.read_line(&mut line)? > 2 {
        line.clear();
    }
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{page}",
        page.len()
    )
}

/// A site that lets its one visitor wait until it is opened.
pub(crate) struct Gate {
    port: u16,
    visited: mpsc::Receiver<()>,
    open: mpsc::Sender<()>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let (visit, visited) = mpsc::channel();
        let (open, opened) = mpsc::channel();
        std::thread::spawn(move || {
            // it closes as well when its test has ended early
            let _ = listener.accept().map(|(visitor, _)| {
                let _ = visit.send(());
                let _ = opened.recv();
                answer(visitor, "")
            });
        });
        Self {
            port,
            visited,
            open,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn wait_for_visitor(&self) {
        self.visited
            .recv_timeout(crate::harness::PATIENCE)
            .expect("a visitor");
    }

    pub(crate) fn open(&self) {
        self.open.send(()).expect("it waits");
    }
}
