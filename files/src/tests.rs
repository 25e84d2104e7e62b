//! What other users can do with the names in their folders, and what it comes to.

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, lchown, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use nix::unistd::geteuid;
use visord_test_support::PATIENCE;

use crate::atomic::{replace, write_atomically};
use crate::log::{How, Kind, open_log};
use crate::socket::{BindError, SocketFile, bind_unix_socket};
use crate::trust::exposures;
use crate::*;

/// Another user; only root can give files to them.
const NOBODY: u32 = 65534;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("a file");
        path
    }

    fn link(&self, name: &str, target: impl AsRef<Path>) -> PathBuf {
        let path = self.path(name);
        symlink(target, &path).expect("a link");
        path
    }

    fn folder(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir(&path).expect("a folder");
        path
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .into_string()
                    .expect("text")
            })
            .collect();
        names.sort();
        names
    }
}

fn give(path: &Path) {
    lchown(path, Some(NOBODY), Some(NOBODY)).expect("root");
}

fn is_root() -> bool {
    geteuid().is_root()
}

fn kind<T: std::fmt::Debug>(result: io::Result<T>) -> io::ErrorKind {
    result.expect_err("an error").kind()
}

#[test]
fn the_last_name_is_never_a_link() {
    let place = Place::new();
    let file = place.file("file", "text");
    let link = place.link("link", "file");
    let mut text = String::new();
    let mut opened = open_regular(&file).expect("a file");
    opened.read_to_string(&mut text).expect("text");
    assert_eq!(text, "text");
    assert_eq!(kind(open_regular(&link)), io::ErrorKind::Unsupported);
    assert_eq!(
        kind(open_to_append(&link, 0o600)),
        io::ErrorKind::Unsupported
    );
    assert_eq!(kind(create_new(&link, 0o600)), io::ErrorKind::AlreadyExists);
    assert!(open_log(&link, How::Append).is_err());
    assert!(open_log(&link, How::Truncate).is_err());
    assert_eq!(read_linked(&link).expect("a file"), b"text");
    let about = look(&link).expect("a folder").expect("a link");
    assert_eq!(about.file_type, FileType::Link);
    remove(&link).expect("removed");
    assert!(file.exists());
}

#[test]
fn only_regular_files_are_read() {
    let place = Place::new();
    let fifo = place.path("fifo");
    nix::unistd::mkfifo(&fifo, Mode::S_IRWXU).expect("mkfifo");
    let socket = place.path("socket");
    let _listener = UnixListener::bind(&socket).expect("bind");
    for path in [&fifo, &socket, place.0.path(), Path::new("/dev/null")] {
        let unsupported = io::ErrorKind::Unsupported;
        assert_eq!(kind(open_regular(path)), unsupported, "{path:?}");
    }
    assert_eq!(
        kind(open_regular(&place.path("none"))),
        io::ErrorKind::NotFound
    );
    assert_eq!(look(&place.path("none/none")).expect("nothing"), None);
}

#[test]
fn links_to_folders() {
    let place = Place::new();
    let releases = place.folder("releases");
    fs::write(releases.join("log"), "text").expect("a file");
    let current = place.link("current", "releases/../releases/.");
    open_regular(&current.join("log")).expect("our own link");
    place.link("loop", "loop");
    assert!(open_regular(&place.path("loop/log")).is_err());
    open_regular(Path::new("/proc/self/cwd/Cargo.toml")).expect("the kernel's link");
    if !is_root() {
        return;
    }
    give(&current);
    let denied = io::ErrorKind::PermissionDenied;
    assert_eq!(kind(open_regular(&current.join("log"))), denied);
    assert_eq!(kind(open_log(&current.join("log"), How::Append)), denied);
    assert_eq!(kind(remove(&current.join("log"))), denied);
    give(&releases);
    open_regular(&current.join("log")).expect("from one user to the same");
}

#[test]
fn logs_that_are_not_files() {
    let place = Place::new();
    let fifo = place.path("fifo");
    nix::unistd::mkfifo(&fifo, Mode::S_IRWXU).expect("mkfifo");
    let kind_of = |path: &Path| open_log(path, How::Append).map(|(_, kind)| kind).ok();
    assert_eq!(kind_of(&fifo), Some(Kind::Pollable));
    assert_eq!(kind_of(Path::new("/dev/null")), Some(Kind::Pollable));
    let home = place.folder("home");
    for target in [Path::new("/dev/null"), &fifo] {
        let link = home.join("log");
        symlink(target, &link).expect("a link");
        let (first, second) = (home.join("first"), home.join("second"));
        symlink("second", &first).expect("a link");
        symlink("log", &second).expect("a link");
        assert_eq!(
            kind_of(&link),
            Some(Kind::Pollable),
            "our link in our folder"
        );
        assert_eq!(kind_of(&first), Some(Kind::Pollable), "several of them");
        if is_root() {
            give(&home);
            assert_eq!(kind_of(&link), None, "our link in a folder of another user");
            lchown(&home, Some(0), Some(0)).expect("root");
            give(&link);
            assert_eq!(kind_of(&link), None, "a link of another user");
            assert_eq!(kind_of(&first), None, "the last of several");
        }
        for path in [link, first, second] {
            fs::remove_file(path).expect("removed");
        }
    }
    // the usual name of a container's output
    let (_reader, writer) = nix::unistd::pipe().expect("a pipe");
    let (process, number) = (std::process::id(), writer.as_raw_fd());
    let path = PathBuf::from(format!("/proc/{process}/fd/{number}"));
    assert_eq!(kind_of(&path), Some(Kind::Pollable));
    assert_eq!(kind_of(&place.link("pipe", &path)), Some(Kind::Pollable));
    let file = File::create(place.path("file")).expect("a file");
    let path = PathBuf::from(format!("/proc/{process}/fd/{}", file.as_raw_fd()));
    assert_eq!(
        kind_of(&path),
        None,
        "a file is only written as our own output"
    );
    assert_eq!(kind_of(&place.link("hard", "/proc/self/fd/0/x")), None);
    let (_, kind) = open_log(&place.path("new"), How::Append).expect("made");
    assert_eq!(kind, Kind::Regular);
}

#[test]
fn files_are_replaced_at_once() {
    let place = Place::new();
    let victim = place.file("victim", "precious");
    let link = place.link("pid", &victim);
    let written = write_atomically(&link, 0o644, b"1\n").expect("written");
    assert_eq!(fs::read_to_string(&victim).expect("text"), "precious");
    assert_eq!(fs::read_to_string(&link).expect("text"), "1\n");
    let about = look(&link).expect("a folder").expect("a file");
    assert_eq!(
        (about.file_type, Some(about.identity)),
        (FileType::Regular, written)
    );
    write_atomically(&link, 0o644, b"22\n").expect("written");
    assert_eq!(fs::read_to_string(&link).expect("text"), "22\n");
    assert_eq!(place.names(), ["pid", "victim"]);
    let null = place.link("null", "/dev/null");
    for device in [Path::new("/dev/null"), &null] {
        assert_eq!(
            write_atomically(device, 0o644, b"1").expect("written"),
            None
        );
    }
    let about = look(Path::new("/dev/null")).expect("a folder").expect("it");
    assert_eq!(about.file_type, FileType::CharacterDevice);
    let folder = place.folder("folder");
    assert!(write_atomically(&folder, 0o644, b"1").is_err());
    assert_eq!(place.names(), ["folder", "null", "pid", "victim"]);
}

/// Below a folder that is held open nothing leads out of it.
#[test]
fn folders_are_made_and_entered() {
    let place = Place::new();
    let outside = Place::new();
    place.link("link", outside.path(""));
    place.file("file", "");
    let root = Folder::open(&place.path("")).expect("open");
    let name = std::ffi::OsStr::new;
    for _twice in 0..2 {
        let folder = root.enter(name("a"), 0o700).expect("made or entered");
        let inner = folder.enter(name("b"), 0o700).expect("made or entered");
        // there is a file in the second round
        let _ = fs::remove_file(place.path("a/b/x"));
        place.link("a/b/x", outside.path("x"));
        replace(&inner, name("x"), 0o600, b"1").expect("written");
    }
    let text = fs::read_to_string(place.path("a/b/x")).expect("a file");
    assert_eq!(text, "1");
    for taken in ["link", "file"] {
        let entered = root.enter(name(taken), 0o700);
        assert_eq!(kind(entered), io::ErrorKind::NotADirectory, "{taken}");
    }
    assert!(replace(&root, name("a"), 0o600, b"1").is_err());
    assert_eq!(outside.names(), [""; 0]);
    assert_eq!(place.names(), ["a", "file", "link"]);
}

#[test]
fn sockets() {
    let place = Place::new();
    let path = place.path("socket");
    let bind = |is_taken: bool| {
        bind_unix_socket(&path, 0o666, (None, None), |socket| {
            assert_eq!(
                path.exists(),
                is_taken,
                "it has its name before it is complete"
            );
            let socket = socket.try_clone_to_owned()?;
            Ok(nix::sys::socket::listen(
                &socket,
                nix::sys::socket::Backlog::new(1)?,
            )?)
        })
    };
    let (listener, identity) = bind(false).expect("bound");
    UnixStream::connect(&path).expect("connected");
    let about = fs::symlink_metadata(&path).expect("a socket");
    assert!(about.file_type().is_socket());
    assert_eq!(
        (about.mode() & 0o7777, about.ino()),
        (0o666, identity.inode)
    );
    assert_eq!(place.names(), ["socket"]);
    assert!(
        matches!(bind(true), Err(BindError::Bind(error)) if error.kind() == io::ErrorKind::AddrInUse)
    );

    let found = SocketFile::find(&path).expect("a socket").expect("found");
    assert_eq!(found.identity(), identity);
    drop(listener);
    let socket = UnixStream::unbound();
    let refused = found.connect(socket.as_fd());
    assert_eq!(kind(refused), io::ErrorKind::ConnectionRefused);
    found.remove().expect("removed");
    assert_eq!(place.names(), [""; 0]);
    assert!(SocketFile::find(&path).expect("nothing").is_none());
    let file = place.file("file", "precious");
    assert_eq!(kind(SocketFile::find(&file)), io::ErrorKind::Unsupported);
    let link = place.link("link", "file");
    assert_eq!(kind(SocketFile::find(&link)), io::ErrorKind::Unsupported);
}

trait Unbound {
    fn unbound() -> std::os::fd::OwnedFd;
}

impl Unbound for UnixStream {
    fn unbound() -> std::os::fd::OwnedFd {
        use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
        let flags = SockFlag::SOCK_CLOEXEC;
        socket(AddressFamily::Unix, SockType::Stream, flags, None).expect("a socket")
    }
}

/// How often files are exchanged under attack.
const SWAPS: u64 = 10_000;

/// Another thread exchanges whatever has one of these beginnings with a link to the victim, as
/// fast as it can, while `work` is done again and again.
fn under_attack(place: &Place, prefixes: &[&str], mut work: impl FnMut()) {
    let victim = place.file("victim", "precious");
    fs::set_permissions(&victim, fs::Permissions::from_mode(0o600)).expect("mode");
    let home = place.folder("home");
    // other users can change it
    fs::set_permissions(&home, fs::Permissions::from_mode(0o777)).expect("mode");
    let trap = home.join("trap");
    let (done, swaps) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                if !trap.is_symlink() {
                    // what was exchanged for it last time
                    let _ = fs::remove_file(&trap);
                    let _ = fs::remove_dir_all(&trap);
                    let _ = symlink(&victim, &trap);
                }
                for entry in fs::read_dir(&home).expect("a folder").flatten() {
                    let name = entry.file_name().into_string().expect("text");
                    if prefixes.iter().any(|prefix| name.starts_with(prefix)) {
                        let flags = RenameFlags::RENAME_EXCHANGE;
                        let swapped = renameat2(AT_FDCWD, &entry.path(), AT_FDCWD, &trap, flags);
                        swaps.fetch_add(u64::from(swapped.is_ok()), Ordering::Relaxed);
                    }
                }
            }
        });
        // the thread ends, and with it the test, when this panics
        let _done = Done(&done);
        let end = Instant::now() + PATIENCE;
        while swaps.load(Ordering::Relaxed) < SWAPS {
            assert!(Instant::now() < end, "the attack does not go on");
            work();
            let about = victim.metadata().expect("a file");
            assert_eq!(
                (about.mode() & 0o7777, about.uid()),
                (0o600, geteuid().as_raw())
            );
            assert_eq!(fs::read_to_string(&victim).expect("text"), "precious");
        }
    });
}

/// Ends the attack when it is dropped.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_socket_is_not_exchanged_while_its_mode_is_set() {
    let place = Place::new();
    let path = place.path("home/socket");
    under_attack(&place, &[".visord-", "socket"], || {
        drop(bind_unix_socket(&path, 0o666, (None, None), |_| Ok(())));
        if let Ok(Some(found)) = SocketFile::find(&path) {
            let _ = found.remove();
        }
    });
}

#[test]
fn a_log_is_not_exchanged_while_its_mode_is_set() {
    let place = Place::new();
    let path = place.path("home/log");
    under_attack(&place, &["log"], || {
        if let Ok(file) = create_new(&path, 0o600) {
            set_mode(&file, 0o666).expect("mode");
        }
        if let Ok((fd, _)) = open_log(&path, How::Truncate) {
            let _ = nix::unistd::write(&fd, b"line\n");
        }
        if let Ok(mut file) = open_regular(&path) {
            let mut text = String::new();
            file.read_to_string(&mut text).expect("text");
            assert_ne!(text, "precious");
        }
        let _ = remove(&path);
    });
}

#[test]
fn a_pidfile_is_not_written_through_a_link() {
    let place = Place::new();
    let path = place.path("home/pid");
    under_attack(&place, &[".visord-", "pid"], || {
        let _ = write_atomically(&path, 0o666, b"1\n");
    });
}

#[test]
fn who_else_can_change_a_file() {
    let place = Place::new();
    let file = place.file("file", "");
    let found = |path: &Path| {
        let all = exposures(path);
        let text = |found: trust::Exposure| format!("{} {}", found.path.display(), found.reason);
        all.into_iter().map(text).collect::<Vec<_>>()
    };
    assert_eq!(found(&file), [""; 0]);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).expect("mode");
    let complaint = format!("{} is writable by every user", file.display());
    assert_eq!(found(&file), [complaint.as_str()]);
    let link = place.link("link", "file");
    assert_eq!(found(&link), [complaint]);
    let none = place.path("none");
    let complaint = format!("{} cannot be examined: entity not found", none.display());
    assert_eq!(found(&none), [complaint]);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("mode");
    fs::set_permissions(place.0.path(), fs::Permissions::from_mode(0o777)).expect("mode");
    let complaint = format!("{} is writable by every user", place.0.path().display());
    assert_eq!(found(&link), [complaint]);
    if is_root() {
        fs::set_permissions(place.0.path(), fs::Permissions::from_mode(0o755)).expect("mode");
        give(&link);
        assert_eq!(
            found(&link),
            [format!("{} is owned by nobody", link.display())]
        );
        // a reader follows the link of another user to a folder that is not theirs
        let other = place.folder("other");
        fs::write(other.join("file"), "").expect("a file");
        let way = place.link("way", &other);
        give(&way);
        let complaint = format!("{} is owned by nobody", way.display());
        assert_eq!(found(&way.join("file")), [complaint.as_str()]);
        // what was found stays if the walk fails
        assert_eq!(found(&way.join("none/file"))[0], complaint);
        assert_eq!(found(&way.join("none/file")).len(), 2);
    }
}

/// Runs the test of this name alone in a process, where `job` may change what all threads share.
fn alone(test: &str, job: impl FnOnce()) {
    const INSIDE: &str = "VISORD_FILES_TEST_ALONE";
    if std::env::var_os(INSIDE).is_some() {
        return job();
    }
    let this = std::env::current_exe().expect("the test binary");
    let output = std::process::Command::new(this)
        .args(["--exact", &format!("tests::{test}")])
        .env(INSIDE, "1")
        .output()
        .expect("started");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

#[test]
fn a_working_directory_that_may_not_be_searched() {
    if !is_root() {
        return;
    }
    alone("a_working_directory_that_may_not_be_searched", || {
        let place = Place::new();
        fs::set_permissions(place.0.path(), fs::Permissions::from_mode(0o755)).expect("mode");
        let home = place.folder("home");
        give(&home);
        let link = place.link("link", &home);
        let secret = place.folder("secret");
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o700)).expect("mode");
        std::env::set_current_dir(&secret).expect("entered");
        nix::unistd::seteuid(Uid::from_raw(NOBODY)).expect("root");
        for folder in [&home, &link] {
            create_new(&folder.join("log"), 0o600).expect("made");
            open_log(&folder.join("log"), How::Append).expect("opened");
            remove(&folder.join("log")).expect("removed");
        }
        assert_eq!(exposures(&home)[..], []);
        nix::unistd::seteuid(Uid::from_raw(0)).expect("back");
    });
}

#[test]
fn modes_on_a_read_only_mount_do_not_count() {
    use nix::mount::{MsFlags, mount};
    use nix::sched::{CloneFlags, unshare};
    if !is_root() {
        return;
    }
    alone("modes_on_a_read_only_mount_do_not_count", || {
        let place = Place::new();
        let folder = place.folder("config");
        let file = folder.join("file");
        fs::write(&file, "").expect("a file");
        for path in [&folder, &file] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o777)).expect("mode");
        }
        assert_eq!(exposures(&file).len(), 2);
        if unshare(CloneFlags::CLONE_NEWNS).is_err() {
            // a container without CAP_SYS_ADMIN
            return;
        }
        let nothing = None::<&str>;
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(nothing, "/", nothing, private, nothing).expect("private");
        mount(Some(&folder), &folder, nothing, MsFlags::MS_BIND, nothing).expect("bound");
        let again = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
        mount(nothing, &folder, nothing, again, nothing).expect("read-only");
        assert_eq!(exposures(&file)[..], []);
    });
}

#[test]
fn a_pidfile_in_a_folder_of_another_user() {
    if !is_root() {
        return;
    }
    alone("a_pidfile_in_a_folder_of_another_user", || {
        let place = Place::new();
        fs::set_permissions(place.0.path(), fs::Permissions::from_mode(0o755)).expect("mode");
        let file = place.file("pid", "a long old text");
        give(&file);
        let link = place.link("link", "pid");
        let inode = file.metadata().expect("a file").ino();
        nix::unistd::seteuid(Uid::from_raw(NOBODY)).expect("root");
        let written = write_atomically(&file, 0o644, b"1\n").expect("written");
        assert_eq!(written.map(|identity| identity.inode), Some(inode));
        assert_eq!(fs::read_to_string(&file).expect("text"), "1\n");
        let denied = io::ErrorKind::PermissionDenied;
        assert_eq!(kind(write_atomically(&link, 0o644, b"2\n")), denied);
        let none = place.path("none");
        assert_eq!(kind(write_atomically(&none, 0o644, b"2\n")), denied);
        assert_eq!(fs::read_to_string(&file).expect("text"), "1\n");
        nix::unistd::seteuid(Uid::from_raw(0)).expect("back");
    });
}

#[test]
fn what_a_crash_left_behind_goes() {
    let place = Place::new();
    let old = place.folder(".visord-abcdefgh");
    fs::set_permissions(&old, fs::Permissions::from_mode(0o700)).expect("mode");
    drop(UnixListener::bind(old.join("s")).expect("bound"));
    place.file(".visord-ABCDEFGH", "");
    place.file(".visord-01234567", "");
    place.file(".visord-no", "");
    place.folder(".visord-abcdefgh-kept");
    let folder = Folder::open(place.0.path()).expect("a folder");
    private::remove_left_behind(&folder, SystemTime::now());
    assert_eq!(place.names().len(), 5, "all are new");
    let later = SystemTime::now() + Duration::from_secs(62);
    private::remove_left_behind(&folder, later);
    assert_eq!(place.names(), [".visord-abcdefgh-kept", ".visord-no"]);
}

#[test]
fn the_address_of_a_socket() {
    let place = Place::new();
    let address = |folder: &str| {
        let path = place.path(folder).join("socket");
        let bound = bind_unix_socket(&path, 0, (None, None), |_| Ok(()));
        let listener = UnixListener::from(bound.expect("bound").0);
        let address = listener.local_addr().expect("an address");
        address.as_pathname().expect("a path").to_owned()
    };
    let home = place.folder("home");
    assert!(address("home").starts_with(&home));
    let long =
        place.folder(&"l".repeat(107 - "/socket".len() - 1 - place.0.path().as_os_str().len()));
    let name = long.file_name().expect("a name").to_str().expect("text");
    assert!(
        address(name).starts_with("/proc/self/fd"),
        "a hidden name does not fit"
    );
    let open = place.folder("open");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).expect("mode");
    assert!(
        address("open").starts_with("/proc/self/fd"),
        "others can change the way"
    );
}

#[test]
fn owner_and_mode() {
    let place = Place::new();
    let path = place.path("new");
    let file: File = create_new(&path, 0o600).expect("made");
    set_mode(&file, 0o664).expect("mode");
    set_owner(&file, Some(geteuid().as_raw()), None).expect("owner");
    set_owner(&file, None, None).expect("nothing to do");
    assert_eq!(path.metadata().expect("a file").mode() & 0o7777, 0o664);
    assert!(file.as_raw_fd() > 2);
}

#[test]
fn missing_folders_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/c/file");
    for _ in 0..2 {
        make_folders_of(&path).unwrap();
    }
    assert!(folder.path().join("a/b/c").is_dir());
    assert!(!path.exists());
    make_folders_of(Path::new("file")).unwrap();
    // nothing is made below a file, nor through a link to nowhere
    std::fs::write(folder.path().join("file"), "").unwrap();
    assert!(make_folders_of(&folder.path().join("file/a/b")).is_err());
    std::os::unix::fs::symlink("nowhere", folder.path().join("link")).unwrap();
    assert!(make_folders_of(&folder.path().join("link/a/b")).is_err());
}
