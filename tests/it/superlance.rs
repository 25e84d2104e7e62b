//! The listeners of superlance 2.0.0 and the original's own listener library, unmodified.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::harness::{Daemon, free_port, original, wait_until, wait_until_or};

/// A listener that must be told where its daemon is found and writes to `NAME.err`.
fn listener(name: &str, command: &str, events: &str) -> String {
    format!(
        "[eventlistener:{name}]\ncommand={command}\nevents={events}\nstartsecs=0\n\
         buffer_size=100\nstderr_logfile=@DIR@/{name}.err\n"
    )
}

/// A mail server that keeps what it is given.
struct Mails {
    port: u16,
    texts: Arc<Mutex<String>>,
}

impl Mails {
    fn start() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = socket.local_addr().expect("an address").port();
        let texts = Arc::<Mutex<String>>::default();
        let kept = texts.clone();
        std::thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                serve(stream, &kept).expect("a mail");
            }
        });
        Self { port, texts }
    }

    fn contain(&self, text: &str) -> bool {
        self.texts.lock().expect("no panic").contains(text)
    }
}

/// One session: everything is fine, the text of a mail is kept.
fn serve(mut stream: TcpStream, kept: &Mutex<String>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 here\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let answer: &[u8] = match line.as_str() {
            "data" | "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                let text = lines.by_ref().map_while(Result::ok);
                for line in text.take_while(|line| line != ".") {
                    let mut kept = kept.lock().expect("no panic");
                    kept.push_str(&line);
                    kept.push('\n');
                }
                b"250 kept\r\n"
            }
            "quit" | "QUIT" => return stream.write_all(b"221 bye\r\n"),
            _ => b"250 fine\r\n",
        };
        stream.write_all(answer)?;
    }
    Ok(())
}

/// Wait until a listener that writes to this file has restarted the process.
fn restarted(daemon: &Daemon, process: &str, listener: &str) {
    let spawned = format!("spawned: '{process}'");
    let is_restarted = || daemon.text("main.log").matches(&spawned).count() > 1;
    let what = || {
        let (log, said) = (daemon.end_of("main.log"), daemon.end_of(listener));
        format!("another {process}\n{log}\n{listener}: {said}")
    };
    wait_until_or(is_restarted, what);
}

#[test]
fn memmon_restarts_what_is_too_large() {
    let Some(memmon) = original("memmon") else {
        return;
    };
    // nothing is smaller than nothing
    let command = format!("{} -p large=0 -p small=1GB", memmon.display());
    let programs = listener("memmon", &command, "TICK_5")
        + "[program:large]\ncommand=/bin/cat\nstartsecs=0\n\
           [program:small]\ncommand=/bin/cat\nstartsecs=0\n";
    let daemon = Daemon::with("", &programs);
    daemon.wait_state("small", "RUNNING");
    let small = daemon.child_pid("small");
    restarted(&daemon, "large", "memmon.err");
    assert_eq!(daemon.child_pid("small"), small);
    wait_until("the report", || {
        daemon.text("memmon.err").contains("Restarting large:large")
    });
}

#[test]
fn httpok_restarts_what_does_not_answer() {
    let Some(httpok) = original("httpok") else {
        return;
    };
    let url = format!("http://127.0.0.1:{}/", free_port());
    let command = format!("{} -t 1 -p x {url}", httpok.display());
    let programs =
        listener("httpok", &command, "TICK_5") + "[program:x]\ncommand=/bin/cat\nstartsecs=0\n";
    let daemon = Daemon::with("", &programs);
    restarted(&daemon, "x", "httpok.err");
    wait_until("the report", || {
        daemon.text("httpok.err").contains("restarted")
    });
}

const CRASHES: &str = "[program:x]\ncommand=/bin/sh -c 'exit 7'\nstartsecs=0\nautorestart=false\n";

#[test]
fn crashmail_reports_a_crash() {
    let Some(crashmail) = original("crashmail") else {
        return;
    };
    let command = format!(
        "{} -a -o test -m admin@example.com -s \"tee @DIR@/mail\"",
        crashmail.display()
    );
    let programs = listener("crashmail", &command, "PROCESS_STATE") + CRASHES;
    let daemon = Daemon::with("", &programs);
    wait_until("the mail", || {
        let mail = daemon.text("mail");
        mail.contains("To: admin@example.com")
            && mail.contains("Subject: test: x crashed at")
            && mail.contains("Process x in group x exited unexpectedly (pid ")
    });
}

#[test]
fn crashmailbatch_reports_a_crash() {
    let Some(program) = original("crashmailbatch") else {
        return;
    };
    let mails = Mails::start();
    let command = batch(&program.display().to_string(), mails.port);
    let programs = listener("batch", &command, "PROCESS_STATE,TICK_5") + CRASHES;
    let _daemon = Daemon::with("", &programs);
    wait_until("the mail", || mails.contain("Process x:x (pid "));
}

#[test]
fn fatalmailbatch_reports_what_does_not_start() {
    let Some(program) = original("fatalmailbatch") else {
        return;
    };
    let mails = Mails::start();
    let command = batch(&program.display().to_string(), mails.port);
    let programs = listener("batch", &command, "PROCESS_STATE,TICK_5")
        + "[program:x]\ncommand=/nonexistent/x\nstartretries=0\n";
    let _daemon = Daemon::with("", &programs);
    wait_until("the mail", || {
        mails.contain("x:x failed to start too many times")
    });
}

/// A batch of three seconds, sent with the tick that follows.
fn batch(program: &str, port: u16) -> String {
    format!(
        "{program} --toEmail=to@example.com --fromEmail=from@example.com -e TICK_5 -i 0.05 \
         -H 127.0.0.1:{port}"
    )
}

#[test]
fn a_listener_built_on_the_original_library() {
    let Some(python) = original("python") else {
        return;
    };
    let script = "import sys\n\
        from supervisor import childutils\n\
        rpc = childutils.getRPCInterface(__import__('os').environ)\n\
        while True:\n\
        \x20   headers, payload = childutils.listener.wait()\n\
        \x20   fields, data = childutils.eventdata(payload + '\\n')\n\
        \x20   state = rpc.supervisor.getState()['statename']\n\
        \x20   with open(sys.argv[1], 'a') as file:\n\
        \x20       file.write(f\"{headers['eventname']} {fields['processname']} {state}\\n\")\n\
        \x20   childutils.listener.ok()\n";
    let setup = crate::harness::Setup::new();
    std::fs::write(setup.path("listener.py"), script).expect("the script");
    let command = format!("{} @DIR@/listener.py @DIR@/seen", python.display());
    setup.configure(
        "",
        &(listener("l", &command, "PROCESS_STATE_EXITED") + CRASHES),
    );
    let daemon = setup.start();
    wait_until("the event", || {
        daemon.text("seen") == "PROCESS_STATE_EXITED x RUNNING\n"
    });
}
