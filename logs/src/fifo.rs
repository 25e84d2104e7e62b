//! The content of a FIFO that is closed, and whether another process reads it.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use visord_files::{FileInfo, FileType};

/// Closes a FIFO and returns how many bytes in it are lost with that: all of them, unless
/// another process has it open for reading. 0 for anything but a FIFO.
pub(crate) fn close(fifo: OwnedFd) -> usize {
    let unread = unread(&fifo);
    if unread == 0 {
        return 0;
    }
    let Ok(writer) = writer(&fifo) else {
        // it is not known whether there is a reader: better declared than lost in silence
        return unread;
    };
    drop(fifo);
    if has_reader(&writer) {
        0
    } else {
        self::unread(&writer)
    }
}

pub(crate) fn is_fifo(file: &OwnedFd) -> bool {
    FileInfo::of(file).is_ok_and(|about| about.file_type == FileType::Fifo)
}

/// A handle of the same FIFO that only writes. While a handle that also reads is open, no
/// other reader can be told apart from it. The FIFO needs no name any more.
/// Errors: those of opening it through `/proc`.
pub(crate) fn writer(fifo: &OwnedFd) -> nix::Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}", fifo.as_raw_fd());
    let flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    open(path.as_str(), flags, Mode::empty())
}

/// Whether a process has the FIFO of this write-only handle open for reading.
pub(crate) fn has_reader(writer: &OwnedFd) -> bool {
    let mut asked = [PollFd::new(writer.as_fd(), PollFlags::POLLOUT)];
    let answered = loop {
        match poll(&mut asked, PollTimeout::ZERO) {
            Err(Errno::EINTR) => {}
            answered => break answered,
        }
    };
    let alone = |found: PollFlags| found.contains(PollFlags::POLLERR);
    !(answered.is_ok() && asked[0].revents().is_some_and(alone))
}

/// How many bytes are in a FIFO; 0 for anything else.
pub(crate) fn unread(fifo: &OwnedFd) -> usize {
    if !is_fifo(fifo) {
        return 0;
    }
    let mut count: libc::c_int = 0;
    // SAFETY: FIONREAD writes one int to the address, which is that of a live local variable
    let answered = unsafe { libc::ioctl(fifo.as_raw_fd(), libc::FIONREAD, &raw mut count) };
    match answered {
        0 => usize::try_from(count).unwrap_or(0),
        _failed => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::unistd::{mkfifo, read, write};

    fn filled_fifo(dir: &tempfile::TempDir) -> (std::path::PathBuf, OwnedFd) {
        let path = dir.path().join("fifo");
        mkfifo(&path, Mode::S_IRWXU).expect("mkfifo");
        let flags = OFlag::O_RDWR | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let fifo = open(&path, flags, Mode::empty()).expect("open");
        write(&fifo, &[1; 5000]).expect("write");
        (path, fifo)
    }

    #[test]
    fn without_a_reader_the_content_is_lost() {
        let dir = tempfile::tempdir().expect("tempdir");
        let (_, fifo) = filled_fifo(&dir);
        assert_eq!(close(fifo), 5000);
    }

    #[test]
    fn the_content_of_a_removed_fifo_is_lost_too() {
        let dir = tempfile::tempdir().expect("tempdir");
        let (path, fifo) = filled_fifo(&dir);
        std::fs::remove_file(path).expect("remove");
        assert_eq!(close(fifo), 5000);
    }

    #[test]
    fn a_reader_keeps_it() {
        let dir = tempfile::tempdir().expect("tempdir");
        let (path, fifo) = filled_fifo(&dir);
        let reader = open(&path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty());
        std::fs::remove_file(path).expect("remove");
        assert_eq!(close(fifo), 0);
        let read = read(reader.expect("open"), &mut [0; 6000]).expect("read");
        assert_eq!(read, 5000);
    }

    #[test]
    fn other_files_have_nothing_to_lose() {
        let file = tempfile::NamedTempFile::new().expect("file");
        std::fs::write(file.path(), "content").expect("write");
        assert_eq!(close(file.reopen().expect("open").into()), 0);
    }
}
