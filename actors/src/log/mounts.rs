//! Which file system a path is on, without touching that file system: it may hang.

use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// Where the kernel lists the mounts.
const TABLE: &str = "/proc/self/mountinfo";

/// The mount table.
#[derive(Debug, Default)]
pub(crate) struct Mounts;

impl Mounts {
    /// The device number (`st_dev`) of the mount a path is under, judged by its name
    /// alone. `None` without a readable mount table.
    pub(crate) fn device_of(&self, path: &Path) -> Option<u64> {
        let table = std::fs::read(TABLE).ok()?;
        let path = std::path::absolute(path).ok()?;
        longest_match(&table, &path)
    }
}

/// The device of the last mount with the longest mount point that is above the path.
fn longest_match(table: &[u8], path: &Path) -> Option<u64> {
    let mut best: Option<(usize, u64)> = None;
    for line in table.split(|&byte| byte == b'\n') {
        let Some((point, device)) = mount(line) else {
            continue;
        };
        let length = point.as_os_str().len();
        if path.starts_with(&point) && best.is_none_or(|(longest, _)| length >= longest) {
            best = Some((length, device));
        }
    }
    best.map(|(_, device)| device)
}

/// Mount point and device of a line of the table.
fn mount(line: &[u8]) -> Option<(PathBuf, u64)> {
    let mut fields = line.split(|&byte| byte == b' ');
    let device = std::str::from_utf8(fields.nth(2)?).ok()?;
    let (major, minor) = device.split_once(':')?;
    let device = nix::sys::stat::makedev(major.parse().ok()?, minor.parse().ok()?);
    let point = unescaped(fields.nth(1)?);
    Some((PathBuf::from(std::ffi::OsString::from_vec(point)), device))
}

/// Undoes the table's `\040` for a space and the like.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, tail @ ..] = rest {
        let code = match (first, tail) {
            (b'\\', [a, b, c, ..]) => octal([*a, *b, *c]),
            _other => None,
        };
        plain.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[3..] } else { tail };
    }
    plain
}

fn octal(digits: [u8; 3]) -> Option<u8> {
    let text = std::str::from_utf8(&digits).ok()?.to_owned();
    u8::from_str_radix(&text, 8).ok()
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
        let device = |path: &str| longest_match(TABLE, Path::new(path));
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
        assert_eq!(Mounts.device_of(&dir.path().join("x")), Some(real));
    }
}
