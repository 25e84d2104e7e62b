//! Small file systems of a test's own, where that is permitted.

use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A mounted file system, unmounted when the test ends.
pub(crate) struct Mount {
    point: PathBuf,
}

/// A file system that hangs for each writer, until this is dropped.
pub(crate) struct Frozen<'a>(&'a Mount);

/// See [`Mount::dead`]; dropped in this order: the device closes and every waiting thread gets
/// an error.
pub(crate) struct Dead {
    #[allow(dead_code)] // it is there to be closed
    device: std::fs::File,
    #[allow(dead_code)] // it is there to be unmounted
    mount: Mount,
}

impl Mount {
    /// An ext4 of 64 MiB in a file; `None`, with the reason on standard error, where that is
    /// not permitted.
    pub(crate) fn ext4(point: PathBuf) -> Option<Self> {
        let image = point.with_extension("image");
        let file = std::fs::File::create(&image).expect("the image");
        file.set_len(64 * 1024 * 1024).expect("its size");
        let made = run("mkfs.ext4", [Path::new("-q"), &image]);
        made.then(|| Self::at(point, &["-o", "loop"], &image))
            .flatten()
            .or_else(|| skipped("a loop-mounted ext4"))
    }

    /// A tmpfs of so many KiB.
    pub(crate) fn tmpfs(point: PathBuf, kib: usize) -> Option<Self> {
        let size = format!("size={kib}k");
        Self::at(point, &["-t", "tmpfs", "-o", &size], Path::new("tmpfs"))
            .or_else(|| skipped("a tmpfs"))
    }

    /// A file system that never answers: a process that looks into it hangs until this is dropped.
    pub(crate) fn dead(point: PathBuf) -> Option<Dead> {
        let mut options = std::fs::OpenOptions::new();
        let Ok(device) = options.read(true).write(true).open("/dev/fuse") else {
            return skipped("a FUSE file system");
        };
        std::fs::create_dir(&point).expect("the mount point");
        let text = |text: String| std::ffi::CString::new(text).expect("no NUL");
        let target = text(point.display().to_string());
        let fd = device.as_raw_fd();
        let options = text(format!("fd={fd},rootmode=40000,user_id=0,group_id=0"));
        // SAFETY: every pointer leads to a string that outlives the call.
        let mounted = unsafe {
            libc::mount(
                c"dead".as_ptr(),
                target.as_ptr(),
                c"fuse".as_ptr(),
                0,
                options.as_ptr().cast(),
            )
        };
        if mounted != 0 {
            return skipped("a FUSE file system");
        }
        let mount = Self { point };
        Some(Dead { device, mount })
    }

    fn at(point: PathBuf, options: &[&str], source: &Path) -> Option<Self> {
        std::fs::create_dir(&point).expect("the mount point");
        let options = options.iter().map(Path::new);
        run("mount", options.chain([source, point.as_path()])).then_some(Self { point })
    }

    /// From now on every write hangs, and so does making and removing files.
    pub(crate) fn freeze(&self) -> Option<Frozen<'_>> {
        run("fsfreeze", [Path::new("-f"), &self.point])
            .then_some(Frozen(self))
            .or_else(|| skipped("fsfreeze"))
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        let point = &self.0.point;
        let thawed = run("fsfreeze", [Path::new("-u"), point]);
        assert!(thawed || std::thread::panicking(), "{}", point.display());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // lazily: what still has files open there is ending
        run("umount", [Path::new("-l"), &self.point]);
    }
}

fn skipped<T>(what: &str) -> Option<T> {
    crate::harness::skip(format_args!("{what} is not permitted here"));
    None
}

fn run<'a>(program: &str, arguments: impl IntoIterator<Item = &'a Path>) -> bool {
    Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
