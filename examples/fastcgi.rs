//! A FastCGI responder in Rust: answers each request with its own pid and the path asked for.
//!
//! ```ini
//! [fcgi-program:app]
//! command = /usr/local/bin/fastcgi
//! process_name = %(program_name)s_%(process_num)d
//! numprocs = 2
//! socket = unix:///run/app.sock
//! ```
//!
//! It shows what a program must do to be restarted without a lost request: standard input is
//! the listening socket, shared with the other processes of the program and held open by the
//! daemon while one is replaced. So finish the request at hand, and accept no other once
//! SIGTERM has come: clients that connect meanwhile wait in the backlog for the next process.

use std::io::{self, Error, ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixListener;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::SignalFd;
use nix::sys::socket::{AddressFamily, SockaddrLike, SockaddrStorage, getsockname};

/// Record types of the protocol.
const BEGIN_REQUEST: u8 = 1;
const END_REQUEST: u8 = 3;
const PARAMS: u8 = 4;
const STDIN: u8 = 5;
const STDOUT: u8 = 6;

fn main() -> io::Result<()> {
    let mut termination = SigSet::empty();
    termination.add(Signal::SIGTERM);
    termination.thread_block()?;
    let termination = SignalFd::new(&termination)?;
    // the socket the daemon opened, of either kind; every process that shares it asks before it
    // accepts, none may be kept waiting
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    let address: SockaddrStorage = getsockname(socket.as_raw_fd())?;
    if address.family() == Some(AddressFamily::Unix) {
        let listener = UnixListener::from(socket);
        listener.set_nonblocking(true)?;
        run(listener.as_fd(), &termination, || listener.accept())
    } else {
        let listener = TcpListener::from(socket);
        listener.set_nonblocking(true)?;
        run(listener.as_fd(), &termination, || listener.accept())
    }
}

/// Answer requests until SIGTERM comes.
fn run<S: Read + Write, A>(
    listener: BorrowedFd<'_>,
    termination: &SignalFd,
    accept: impl Fn() -> io::Result<(S, A)>,
) -> io::Result<()> {
    loop {
        let wanted = [termination.as_fd(), listener];
        let mut wanted = wanted.map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        poll(&mut wanted, PollTimeout::NONE)?;
        if wanted[0].any() != Some(false) {
            return Ok(());
        }
        match accept().and_then(|(mut stream, _)| serve(&mut stream)) {
            Ok(()) => {}
            // another process of the program took it
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => eprintln!("a request failed: {error}"),
        }
    }
}

/// One record.
struct Record {
    kind: u8,
    request: [u8; 2],
    content: Vec<u8>,
}

impl Record {
    fn read(stream: &mut impl Read) -> io::Result<Self> {
        let mut header = [0; 8];
        stream.read_exact(&mut header)?;
        let [_version, kind, r1, r0, c1, c0, padding, _reserved] = header;
        let length = usize::from(u16::from_be_bytes([c1, c0]));
        let mut content = vec![0; length + usize::from(padding)];
        stream.read_exact(&mut content)?;
        content.truncate(length);
        Ok(Self {
            kind,
            request: [r1, r0],
            content,
        })
    }
}

/// Answer the one request of a connection and close it.
fn serve(stream: &mut (impl Read + Write)) -> io::Result<()> {
    let mut params = Vec::new();
    let request = loop {
        let record = Record::read(stream)?;
        match record.kind {
            BEGIN_REQUEST => {}
            PARAMS => params.extend_from_slice(&record.content),
            // an empty record ends the body
            STDIN if record.content.is_empty() => break record.request,
            STDIN => {}
            other => {
                let text = format!("unexpected record of type {other}");
                return Err(Error::other(text));
            }
        }
    };
    let path = param(&params, b"REQUEST_URI").unwrap_or(b"?");
    let mut answer =
        format!("Content-Type: text/plain\r\n\r\n{} ", std::process::id()).into_bytes();
    answer.extend_from_slice(path);
    // a long path is cut: a record holds 65535 bytes
    answer.truncate(usize::from(u16::MAX));
    let mut reply = record(STDOUT, request, &answer);
    reply.extend(record(STDOUT, request, &[]));
    // exit status 0, request complete
    reply.extend(record(END_REQUEST, request, &[0; 8]));
    stream.write_all(&reply)
}

fn record(kind: u8, [r1, r0]: [u8; 2], content: &[u8]) -> Vec<u8> {
    let [c1, c0] = u16::try_from(content.len())
        .unwrap_or(u16::MAX)
        .to_be_bytes();
    let mut record = vec![1, kind, r1, r0, c1, c0, 0, 0];
    record.extend_from_slice(content);
    record
}

/// The value of one parameter; malformed ones have none.
fn param<'a>(mut params: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    loop {
        let name_length = length(&mut params)?;
        let value_length = length(&mut params)?;
        let (name, rest) = params.split_at_checked(name_length)?;
        let (value, rest) = rest.split_at_checked(value_length)?;
        if name == wanted {
            return Some(value);
        }
        params = rest;
    }
}

/// One byte, or four with the highest bit set.
fn length(params: &mut &[u8]) -> Option<usize> {
    let (&[first], rest) = params.split_first_chunk()?;
    if first < 0x80 {
        *params = rest;
        return Some(usize::from(first));
    }
    let (bytes, rest) = params.split_first_chunk()?;
    *params = rest;
    usize::try_from(u32::from_be_bytes(*bytes) & 0x7fff_ffff).ok()
}
