//! Lines to the local syslog (spec core 6.4): RFC 3164 datagrams to `/dev/log`, the way
//! the C library writes them.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use super::clock::{LocalClock, since_1970};

/// Where the local syslog listens.
pub(crate) const LOCAL: &str = "/dev/log";

/// Facility user, severity info: for everything, as in the original.
const PRIORITY: &str = "<14>";

/// A connection to syslog, made when the first line is sent and again after it broke.
#[derive(Debug)]
pub(crate) struct Syslog {
    path: PathBuf,
    tag: String,
    socket: Option<UnixDatagram>,
    clock: LocalClock,
    message: Vec<u8>,
}

impl Syslog {
    /// A connection to the syslog that listens on this socket.
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            tag: program_name(),
            socket: None,
            clock: LocalClock::new("%b %e %H:%M:%S"),
            message: Vec::new(),
        }
    }

    /// Sends one line; never waits.
    ///
    /// # Errors
    /// No syslog, its queue is full, or the line is too long for a datagram.
    pub(crate) fn send(&mut self, line: &[&[u8]]) -> io::Result<()> {
        self.message.clear();
        self.message.extend_from_slice(PRIORITY.as_bytes());
        self.message
            .extend_from_slice(self.clock.text(since_1970()).as_bytes());
        self.message.push(b' ');
        self.message.extend_from_slice(self.tag.as_bytes());
        self.message.extend_from_slice(b": ");
        for part in line {
            self.message.extend_from_slice(part);
        }
        if self.socket.is_some() {
            match self.send_message() {
                Err(error) if is_broken(&error) => self.socket = None,
                sent => return sent,
            }
        }
        self.socket = Some(connect(&self.path)?);
        self.send_message()
    }

    fn send_message(&self) -> io::Result<()> {
        let Some(socket) = &self.socket else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        socket.send(&self.message).map(|_| ())
    }
}

/// The lines of a chunk of output: newlines at its end go, the rest is split; a chunk of
/// only newlines is one empty line.
pub(crate) fn lines(chunk: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = chunk
        .iter()
        .rposition(|&byte| byte != b'\n')
        .map_or(0, |last| last + 1);
    chunk[..end].split(|&byte| byte == b'\n')
}

fn connect(path: &Path) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Whether the other end went away, so that connecting again may help.
fn is_broken(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ECONNREFUSED | libc::ENOTCONN | libc::ECONNRESET | libc::EPIPE | libc::ENOENT)
    )
}

/// The tag: the base name of the program.
fn program_name() -> String {
    std::env::args_os()
        .next()
        .as_deref()
        .and_then(|program| Path::new(program).file_name())
        .map_or_else(
            || "supervisord".into(),
            |name| name.to_string_lossy().into_owned(),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(chunk: &str) -> Vec<&str> {
        lines(chunk.as_bytes())
            .map(|line| std::str::from_utf8(line).expect("utf-8"))
            .collect()
    }

    #[test]
    fn lines_of_a_chunk() {
        assert_eq!(split("a\nb\n"), ["a", "b"]);
        assert_eq!(split("ä€\n\nend\n\n"), ["ä€", "", "end"]);
        assert_eq!(split("\n\n"), [""]);
        assert_eq!(split("a\r\nb"), ["a\r", "b"]);
    }

    #[test]
    fn a_line_arrives_and_a_restarted_syslog_is_found_again() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("log");
        let mut syslog = Syslog::new(&path);
        assert!(syslog.send(&[b"nobody listens"]).is_err());
        for round in 0..2 {
            let server = UnixDatagram::bind(&path).expect("bind");
            syslog.send(&[b"x ", b"hello"]).expect("send");
            let mut buffer = [0; 200];
            let length = server.recv(&mut buffer).expect("recv");
            let text = std::str::from_utf8(&buffer[..length]).expect("utf-8");
            assert!(text.starts_with("<14>"), "round {round}: {text}");
            assert!(text.ends_with(": x hello"), "round {round}: {text}");
            drop(server);
            std::fs::remove_file(&path).expect("unlink");
        }
    }
}
