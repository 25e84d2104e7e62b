//! Which file system a path is on, without touching that file system: it may hang.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use nix::poll::PollFlags;
use parking_lot::Mutex;

use crate::fifo::polled;

const TABLE: &str = "/proc/self/mountinfo";

/// The mount table, read again only when the kernel says that it changed.
#[derive(Debug, Default)]
pub(crate) struct Mounts(Mutex<Option<Table>>);

#[derive(Debug)]
struct Table {
    file: File,
    mounts: Vec<Mount>,
}

/// A mount point and the device (`st_dev`) of what is mounted there.
#[derive(Debug)]
struct Mount {
    point: PathBuf,
    device: u64,
}

impl Mounts {
    /// The device number (`st_dev`) of the mount a path is under, judged by its name
    /// alone. `None` without a readable mount table.
    pub(crate) fn device_of(&self, path: &Path) -> Option<u64> {
        let path = std::path::absolute(path).ok()?;
        let mut table = self.0.lock();
        if !table.as_ref().is_some_and(Table::is_current) {
            *table = Table::read().ok();
        }
        longest_match(&table.as_ref()?.mounts, &path)
    }
}

impl Table {
    fn read() -> io::Result<Self> {
        let mut file = File::open(TABLE)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        // a change since the opening shows the next time it is asked
        Ok(Self {
            file,
            mounts: parsed(&text),
        })
    }

    /// Whether nothing was mounted or unmounted since it was last asked.
    fn is_current(&self) -> bool {
        polled(self.file.as_fd(), PollFlags::POLLPRI)
            .is_ok_and(|found| !found.contains(PollFlags::POLLPRI))
    }
}

/// The device of the last mount with the longest mount point that is above the path.
fn longest_match(mounts: &[Mount], path: &Path) -> Option<u64> {
    mounts
        .iter()
        .filter(|mount| path.starts_with(&mount.point))
        .max_by_key(|mount| mount.point.as_os_str().len())
        .map(|mount| mount.device)
}

fn parsed(table: &[u8]) -> Vec<Mount> {
    table
        .split(|&byte| byte == b'\n')
        .filter_map(parsed_line)
        .collect()
}

fn parsed_line(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|&byte| byte == b' ');
    let device = std::str::from_utf8(fields.nth(2)?).ok()?;
    let (major, minor) = device.split_once(':')?;
    let point = unescaped(fields.nth(1)?)?;
    Some(Mount {
        point: PathBuf::from(std::ffi::OsString::from_vec(point)),
        device: nix::sys::stat::makedev(major.parse().ok()?, minor.parse().ok()?),
    })
}

/// Undoes the table's `\040` for a space and the like: three octal digits after each backslash.
fn unescaped(field: &[u8]) -> Option<Vec<u8>> {
    let mut parts = field.split(|&byte| byte == b'\\');
    let mut plain = parts.next()?.to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(3)?;
        let code = std::str::from_utf8(code).ok()?;
        plain.push(u8::from_str_radix(code, 8).ok()?);
        plain.extend_from_slice(rest);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    const TABLE: &[u8] = b"\
21 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
22 21 0:5 / /dev rw - devtmpfs dev rw\n\
23 21 0:40 / /mnt/my\\040logs rw - nfs srv:/x rw\n\
24 21 0:41 / /mnt/my\\040logs rw - nfs srv:/y rw\n\
";

    #[test]
    fn the_longest_and_latest_mount_wins() {
        let mounts = parsed(TABLE);
        let device = |path: &str| longest_match(&mounts, Path::new(path));
        let dev = |major, minor| Some(nix::sys::stat::makedev(major, minor));
        assert_eq!(device("/var/log/x"), dev(8, 1));
        assert_eq!(device("/devil"), dev(8, 1));
        assert_eq!(device("/dev/null"), dev(0, 5));
        assert_eq!(device("/mnt/my logs/x"), dev(0, 41));
    }

    #[test]
    fn agrees_with_stat() {
        let dir = tempfile::tempdir().expect("tempdir");
        let real = dir.path().metadata().expect("stat").dev();
        let mounts = Mounts::default();
        for _ in 0..2 {
            assert_eq!(mounts.device_of(&dir.path().join("x")), Some(real));
        }
    }
}
