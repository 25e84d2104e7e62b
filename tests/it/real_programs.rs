//! The shipped example with real servers: nginx, redis and a group of two workers.

use std::path::Path;
use std::process::Command;

use crate::harness::{Daemon, Setup, is_alive, is_installed, kill, wait_until};

const PROGRAMS: [&str; 4] = ["redis", "nginx", "workers:worker_0", "workers:worker_1"];

fn installed() -> bool {
    let programs = ["/usr/sbin/nginx", "/usr/bin/redis-server"];
    programs.into_iter().all(is_installed)
}

/// A daemon that runs `config-examples/real/` from a folder of its own.
fn example() -> Daemon {
    let setup = Setup::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("config-examples/real");
    for name in ["supervisord.conf", "nginx.conf", "worker.sh"] {
        let target = if name == "supervisord.conf" {
            "s.conf"
        } else {
            name
        };
        std::fs::copy(source.join(name), setup.path(target)).expect(name);
    }
    setup.start()
}

#[test]
fn each_killed_server_is_replaced_and_all_stop_in_order() {
    if !installed() {
        return;
    }
    let mut daemon = example();
    for name in PROGRAMS {
        daemon.wait_state(name, "RUNNING");
    }
    for name in PROGRAMS {
        let old = daemon.child_pid(name);
        kill(old, libc::SIGKILL);
        wait_until(&format!("the replacement of {name}"), || {
            let pid = daemon.child_pid(name);
            pid != old && daemon.state(name) == "RUNNING"
        });
    }
    wait_until("redis to answer a worker", || {
        daemon.text("worker.log").contains("+PONG")
    });
    let pids: Vec<i32> = PROGRAMS.iter().map(|name| daemon.child_pid(name)).collect();
    daemon.signal(libc::SIGTERM);
    assert_eq!(daemon.ended().code(), Some(0));
    assert!(!pids.iter().any(|pid| is_alive(*pid)), "a server is left");
    let log = daemon.text("main.log");
    let end = log
        .split("received SIGTERM")
        .nth(1)
        .expect("the end of the log");
    let stops: Vec<&str> = end
        .lines()
        .filter_map(|line| line.split("stopped: ").nth(1)?.split(' ').next())
        .collect();
    let mut workers = stops[..2].to_vec();
    workers.sort_unstable();
    assert_eq!(workers, ["worker_0", "worker_1"], "{stops:?}");
    assert_eq!(stops[2..], ["nginx", "redis"], "{stops:?}");
    let left = Command::new("pgrep")
        .args(["-f", &daemon.folder().display().to_string()])
        .output();
    if let Ok(left) = left {
        assert!(left.stdout.is_empty(), "processes are left");
    }
}
