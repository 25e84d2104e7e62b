//! What a program's user can do between its clone and its exec, and what a running program costs.

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::unistd::geteuid;
use visord_xmlrpc::Value;

use crate::harness::{Daemon, Setup, kill, wait_until, wait_until_or};

/// More than the spawner has threads.
const HELD: usize = 6;
/// Far below the time that a lease can be kept (fs.lease-break-time, 45 s), far above what
/// anything takes here.
const SOON: Duration = Duration::from_secs(15);

/// A lease on a file: to execute or read it takes until this is dropped.
pub(crate) struct Lease(File);

impl Lease {
    /// `None`, with the reason on standard error, where the file system has no leases.
    pub(crate) fn take(path: &Path) -> Option<Self> {
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_CLOEXEC)
            .open(path)
            .expect("the program");
        let fd = file.as_raw_fd();
        // the signal that the lease is wanted: SIGIO would end this process, SIGURG does nothing
        const F_SETSIG: i32 = 10;
        // SAFETY: no memory is involved.
        let taken = unsafe {
            libc::fcntl(fd, F_SETSIG, libc::SIGURG) == 0
                && libc::fcntl(fd, libc::F_SETLEASE, libc::F_WRLCK) == 0
        };
        if !taken {
            crate::harness::skip(format_args!("no leases on {}", path.display()));
            return None;
        }
        Some(Self(file))
    }
}

impl Lease {
    /// Whether another process wants to open the file.
    pub(crate) fn is_wanted(&self) -> bool {
        // SAFETY: no memory is involved.
        let kind = unsafe { libc::fcntl(self.0.as_raw_fd(), libc::F_GETLEASE) };
        kind != libc::F_WRLCK
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // SAFETY: no memory is involved.
        unsafe { libc::fcntl(self.0.as_raw_fd(), libc::F_SETLEASE, libc::F_UNLCK) };
    }
}

/// A daemon with programs under leases, which it has begun to start.
struct Scene {
    daemon: Daemon,
    leases: Vec<Lease>,
}

impl Scene {
    fn begin() -> Option<Self> {
        let setup = Setup::new();
        let user = if geteuid().is_root() {
            "user=nobody\n"
        } else {
            eprintln!("without root, programs have the daemon's user");
            ""
        };
        let programs: String = (0..HELD)
            .map(|n| {
                format!(
                    "[program:held{n}]\ncommand=@DIR@/run{n} 1000\nautostart=false\n\
                     startsecs=0\nstopwaitsecs=1\n{user}"
                )
            })
            .collect();
        let other = "[program:other]\ncommand=/bin/cat\nautostart=false\nstartsecs=0\n";
        setup.configure("", &format!("{programs}{other}"));
        let folder = setup.path("");
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("open to all");
        let files = (0..HELD).map(|n| setup.path(&format!("run{n}")));
        let files: Vec<_> = files.collect();
        for file in &files {
            fs::copy("/bin/sleep", file).expect("a program");
        }
        let daemon = setup.start();
        let leases: Option<Vec<_>> = files.iter().map(|file| Lease::take(file)).collect();
        let scene = Self {
            daemon,
            leases: leases?,
        };
        for n in 0..HELD {
            let name = format!("held{n}");
            let begun = [Value::from(&*name), false.into()];
            scene.daemon.call("supervisor.startProcess", &begun);
            scene.daemon.wait_state(&name, "RUNNING");
        }
        Some(scene)
    }

    /// A child that is not its program yet.
    fn newborn(&self, n: usize) -> i32 {
        let pid = self.daemon.child_pid(&format!("held{n}"));
        wait_until("its name", || {
            let comm = fs::read_to_string(format!("/proc/{pid}/comm"));
            comm.expect("its name") == format!("run{n}\n")
        });
        let exe = fs::read_link(format!("/proc/{pid}/exe")).expect("a program");
        if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
            assert_eq!(exe, Path::new("/memfd:supervisord-spawn (deleted)"));
        }
        pid
    }

    /// Another program starts and stops, and reads are answered.
    fn others_go_on(&self) {
        let begun = Instant::now();
        for _ in 0..3 {
            self.daemon
                .call("supervisor.startProcess", &[Value::from("other")]);
            self.daemon
                .call("supervisor.stopProcess", &[Value::from("other")]);
        }
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    }

    fn stop(&self, n: usize) {
        let begun = Instant::now();
        let name = format!("held{n}");
        self.daemon
            .call("supervisor.stopProcess", &[Value::from(&*name)]);
        assert_eq!(self.daemon.state(&name), "STOPPED");
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    }

    fn end(mut self) {
        let begun = Instant::now();
        self.daemon.signal(libc::SIGTERM);
        assert!(self.daemon.ended().success());
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        drop(self.leases);
    }
}

#[test]
fn a_program_under_a_lease_delays_only_itself() {
    let Some(mut scene) = Scene::begin() else {
        return;
    };
    scene.newborn(0);
    scene.others_go_on();
    scene.stop(0);
    // one whose lease is given up goes on
    let pid = scene.newborn(1);
    let file = scene.daemon.path("run1").canonicalize().expect("a path");
    drop(scene.leases.remove(1));
    wait_until("its program", || {
        fs::read_link(format!("/proc/{pid}/exe")).expect("a program") == file
    });
    scene.end();
}

#[test]
fn a_child_stopped_before_exec_delays_only_itself() {
    let Some(scene) = Scene::begin() else {
        return;
    };
    let newborn = scene.newborn(0);
    for n in 0..HELD {
        let pid = scene.newborn(n);
        kill(pid, libc::SIGSTOP);
        wait_until("it to stop", || {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("its state");
            stat.rsplit(") ").next().is_some_and(|s| s.starts_with('T'))
        });
        assert_eq!(scene.newborn(n), pid);
    }
    scene.others_go_on();
    scene.stop(0);
    assert!(!Path::new(&format!("/proc/{newborn}")).exists());
    scene.end();
}

#[test]
fn a_running_program_costs_five_descriptors() {
    const COUNT: usize = 10;
    let programs = format!(
        "[program:many]\ncommand=/bin/cat\nprocess_name=m%(process_num)d\nnumprocs={COUNT}\n\
         autostart=false\nstartsecs=0\n[program:first]\ncommand=/bin/cat\nstartsecs=0\n"
    );
    let daemon = Daemon::with("", &programs);
    // what the first start needs once is there
    daemon.wait_state("first", "RUNNING");
    let open = || {
        let folder = format!("/proc/{}/fd", daemon.pid());
        fs::read_dir(folder).expect("its descriptors").count()
    };
    // connections of clients come and go
    let at_most = |most: usize| {
        let what = || format!("{most} descriptors, there are {}", open());
        wait_until_or(|| open() <= most, what);
    };
    let before = open();
    daemon.call("supervisor.startProcessGroup", &[Value::from("many")]);
    at_most(before + 5 * COUNT);
    daemon.call("supervisor.stopProcessGroup", &[Value::from("many")]);
    at_most(before);
}
