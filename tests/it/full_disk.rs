//! A full disk is survived: what cannot be stored is declared, and storing resumes.

use visord_xmlrpc::Value;

use crate::harness::{Setup, kill, wait_for};
use crate::mount::Mount;

#[test]
fn what_a_full_disk_loses_is_declared_and_storing_resumes() {
    let setup = Setup::new();
    let Some(_disk) = Mount::tmpfs(setup.path("disk"), 128) else {
        return;
    };
    setup.configure(
        "",
        "[program:x]\ncommand=/bin/sh -c \"trap 'echo again' USR1; head -c 300000 /dev/zero; \
         while :; do sleep 0.05; done\"\nstartsecs=0\nstdout_logfile=@DIR@/disk/x.log\n\
         stdout_logfile_maxbytes=0\n[program:other]\ncommand=/bin/cat\nstartsecs=0\n",
    );
    let daemon = setup.start();
    daemon.wait_log(" bytes of 'x' stdout lost: ");
    assert_eq!(daemon.state("x"), "RUNNING");
    assert_eq!(daemon.state("other"), "RUNNING");
    let stored = std::fs::metadata(daemon.path("disk/x.log"))
        .expect("the log")
        .len();
    wait_for("every byte to be stored or declared lost", || {
        let log = daemon.text("main.log");
        let lost: u64 = log
            .lines()
            .filter_map(|line| {
                line.split_once(" bytes of 'x' stdout lost: ")?
                    .0
                    .rsplit(' ')
                    .next()
            })
            .map(|count| count.parse::<u64>().expect("a number"))
            .sum();
        stored + lost == 300_000
    });
    daemon.call("supervisor.clearProcessLogs", &[Value::from("x")]);
    kill(daemon.child_pid("x"), libc::SIGUSR1);
    wait_for("storing to resume", || {
        daemon.text("disk/x.log").contains("again")
    });
}
