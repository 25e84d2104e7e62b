//! What happens to a FIFO's content when nobody will ever read it.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{Mode, fstat};
use nix::unistd::read;

/// Lets go of a FIFO and says how many bytes in it are lost with that: those in a FIFO
/// that nobody else has open for reading. While somebody reads it, they are his.
///
/// For anything but a FIFO the answer is 0.
pub(crate) fn let_go(path: &Path, fifo: OwnedFd) -> usize {
    // our own descriptor reads too: only with a mere writer can others be told apart
    let Some(writer) = same_fifo(path, &fifo, OFlag::O_WRONLY) else {
        return 0;
    };
    drop(fifo);
    if has_reader(&writer) {
        return 0;
    }
    same_fifo(path, &writer, OFlag::O_RDONLY).map_or(0, |reader| read_away(&reader))
}

/// Another end of the same FIFO.
fn same_fifo(path: &Path, known: &OwnedFd, direction: OFlag) -> Option<OwnedFd> {
    let wanted = fstat(known).ok()?;
    if wanted.st_mode & libc::S_IFMT != libc::S_IFIFO {
        return None;
    }
    let flags = direction | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    let other = open(path, flags, Mode::empty()).ok()?;
    let found = fstat(&other).ok()?;
    ((found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino)).then_some(other)
}

fn has_reader(writer: &OwnedFd) -> bool {
    let mut asked = [PollFd::new(writer.as_fd(), PollFlags::POLLOUT)];
    let answered = poll(&mut asked, PollTimeout::ZERO);
    let alone = |events: PollFlags| events.contains(PollFlags::POLLERR);
    !(answered.is_ok() && asked[0].revents().is_some_and(alone))
}

fn read_away(reader: &OwnedFd) -> usize {
    let mut buffer = [0; 4096];
    let mut total = 0;
    loop {
        match read(reader, &mut buffer) {
            Ok(0) => return total,
            Ok(count) => total += count,
            Err(Errno::EINTR) => {}
            Err(_) => return total,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::unistd::{mkfifo, write};

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
        let (path, fifo) = filled_fifo(&dir);
        assert_eq!(let_go(&path, fifo), 5000);
    }

    #[test]
    fn a_reader_keeps_it() {
        let dir = tempfile::tempdir().expect("tempdir");
        let (path, fifo) = filled_fifo(&dir);
        let reader = open(&path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty());
        assert_eq!(let_go(&path, fifo), 0);
        assert_eq!(read_away(&reader.expect("open")), 5000);
    }

    #[test]
    fn other_files_have_nothing_to_lose() {
        let file = tempfile::NamedTempFile::new().expect("file");
        std::fs::write(file.path(), "content").expect("write");
        let fd = file.reopen().expect("open").into();
        assert_eq!(let_go(file.path(), fd), 0);
    }
}
