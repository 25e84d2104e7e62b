//! A daemon in a temporary folder, killed when the test ends.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use tempfile::TempDir;
pub(crate) use visord_test_support::*;
use visord_xmlrpc::Value;
use visord_xmlrpc::client::Client;
use visord_xmlrpc::http::{Address, Endpoint};

/// A folder with a configuration that programs can be added to.
pub(crate) struct Setup {
    folder: TempDir,
    supervisord: PathBuf,
    supervisorctl: PathBuf,
}

/// A running daemon.
pub(crate) struct Daemon {
    setup: Setup,
    child: Child,
}

impl Setup {
    /// Our own programs.
    pub(crate) fn new() -> Self {
        be_ordinary();
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            supervisord: env!("CARGO_BIN_EXE_supervisord").into(),
            supervisorctl: env!("CARGO_BIN_EXE_supervisorctl").into(),
        }
    }

    /// The original's daemon, if it is installed (`VISORD_REF_BIN`); says so if not.
    pub(crate) fn original_daemon() -> Option<Self> {
        let supervisord = original("supervisord")?;
        Some(Self {
            supervisord,
            ..Self::new()
        })
    }

    /// Our own programs, and our client against the original's daemon if it is installed.
    pub(crate) fn with_each_daemon() -> impl Iterator<Item = Self> {
        let setups = [Some(Self::new()), Self::original_daemon()];
        setups.into_iter().flatten()
    }

    /// The original's client against our daemon.
    pub(crate) fn original_client() -> Option<Self> {
        let supervisorctl = original("supervisorctl")?;
        Some(Self {
            supervisorctl,
            ..Self::new()
        })
    }

    /// The original's daemon and client.
    pub(crate) fn original() -> Option<Self> {
        let supervisorctl = original("supervisorctl")?;
        Some(Self {
            supervisorctl,
            ..Self::original_daemon()?
        })
    }

    /// Start the daemon from a shell that ran this command first, such as `ulimit -n 1024`.
    pub(crate) fn limited(self, command: &str) -> Self {
        let script = self.path("limited");
        let text = format!(
            "#!/bin/sh\n{command}\nexec {} \"$@\"\n",
            self.supervisord.display()
        );
        fs::write(&script, text).expect("write a script");
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&script, executable).expect("make it executable");
        Self {
            supervisord: script,
            ..self
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Write a configuration: `@DIR@` stands for the folder, `extra` goes to `[supervisord]`.
    pub(crate) fn configure(&self, extra: &str, programs: &str) -> PathBuf {
        let text = format!(
            "[supervisord]\nlogfile=@DIR@/main.log\npidfile=@DIR@/main.pid\n\
             childlogdir=@DIR@\n{extra}\n\
             [unix_http_server]\nfile=@DIR@/s.sock\n\
             [rpcinterface:supervisor]\n\
             supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
             [supervisorctl]\nserverurl=unix://@DIR@/s.sock\n{programs}\n"
        );
        let folder = self.folder.path().display().to_string();
        let path = self.path("s.conf");
        fs::write(&path, text.replace("@DIR@", &folder)).expect("write the configuration");
        path
    }

    /// A program in the folder of this test, which is its home too.
    fn program(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path());
        command
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(&self.supervisord, arguments);
        command.stdin(Stdio::null());
        command
    }

    /// Run supervisord to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("run supervisord")
    }

    /// Run supervisorctl to its end.
    pub(crate) fn ctl(&self, arguments: &[&str]) -> Output {
        let config = self.path("s.conf");
        let config = config.to_str().expect("a path");
        self.ctl_alone(&[&["-c", config], arguments].concat(), "")
    }

    /// Run supervisorctl to its end, with nothing but these arguments and this input.
    pub(crate) fn ctl_alone(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self
            .program(&self.supervisorctl, arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start supervisorctl");
        let mut stdin = child.stdin.take().expect("its input");
        // One that ends without reading leaves a broken pipe: no matter.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        child.wait_with_output().expect("run supervisorctl")
    }

    /// Start the configured daemon in the foreground and wait until it answers.
    pub(crate) fn start(self) -> Daemon {
        let out = fs::File::create(self.path("daemon.out")).expect("daemon.out");
        self.start_into(out.into())
    }

    /// Start it without waiting for anything.
    pub(crate) fn start_at_once(self) -> Daemon {
        self.launch(Stdio::null())
    }

    fn launch(self, out: Stdio) -> Daemon {
        let err = fs::File::create(self.path("daemon.err")).expect("daemon.err");
        let child = self
            .command(&["-n", "-c", "s.conf"])
            .stdout(out)
            .stderr(err)
            .spawn()
            .expect("start supervisord");
        Daemon { setup: self, child }
    }

    /// The same, with this standard output.
    pub(crate) fn start_into(self, out: Stdio) -> Daemon {
        let mut daemon = self.launch(out);
        wait_until("the daemon to answer", || {
            if let Some(status) = daemon.child.try_wait().expect("wait") {
                panic!(
                    "supervisord ended ({status}): {}",
                    daemon.text("daemon.err")
                );
            }
            daemon.try_call("supervisor.getState", &[]).is_ok()
        });
        daemon
    }
}

/// A program of the original Supervisor.
pub(crate) fn original(name: &str) -> Option<PathBuf> {
    let folder =
        std::env::var_os("VISORD_REF_BIN").map_or_else(|| "/opt/ref/bin".into(), PathBuf::from);
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    let folder = folder.display();
    skip(format_args!(
        "the original Supervisor is not installed in {folder}"
    ));
    None
}

impl Daemon {
    /// With these `[supervisord]` options and sections.
    pub(crate) fn with(extra: &str, programs: &str) -> Self {
        let setup = Setup::new();
        setup.configure(extra, programs);
        setup.start()
    }

    pub(crate) fn setup(&self) -> &Setup {
        &self.setup
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.setup.path(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.setup.folder.path()
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a pid")
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(Endpoint::new(Address::Unix(self.path("s.sock")), None))
    }

    pub(crate) fn try_call(&self, method: &str, arguments: &[Value]) -> Result<Value, String> {
        self.client()
            .call(method, arguments)
            .map_err(|error| error.to_string())
    }

    pub(crate) fn call(&self, method: &str, arguments: &[Value]) -> Value {
        self.try_call(method, arguments)
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// One member of getProcessInfo.
    pub(crate) fn info(&self, name: &str, key: &str) -> Value {
        let info = self.call("supervisor.getProcessInfo", &[Value::from(name)]);
        info.get(key)
            .cloned()
            .unwrap_or_else(|| panic!("no {key} in {info:?}"))
    }

    pub(crate) fn state(&self, name: &str) -> String {
        let state = self.info(name, "statename");
        state.as_str().expect("a text").to_owned()
    }

    pub(crate) fn child_pid(&self, name: &str) -> i32 {
        let pid = self.info(name, "pid").as_int().expect("a number");
        i32::try_from(pid).expect("a pid")
    }

    pub(crate) fn wait_state(&self, name: &str, state: &str) {
        let what = || {
            let (found, log) = (self.state(name), self.end_of("main.log"));
            format!("{name} to be {state}: it is {found}\n{log}")
        };
        wait_until_or(|| self.state(name) == state, what);
    }

    /// The last lines of a file, for a test that fails.
    pub(crate) fn end_of(&self, name: &str) -> String {
        let text = self.text(name);
        let mut lines: Vec<&str> = text.lines().rev().take(20).collect();
        lines.reverse();
        lines.join("\n")
    }

    /// A file of the folder, empty if it does not exist.
    pub(crate) fn text(&self, name: &str) -> String {
        fs::read(self.path(name))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    pub(crate) fn wait_log(&self, text: &str) {
        let what = || format!("{text:?} in the main log:\n{}", self.end_of("main.log"));
        wait_until_or(|| self.text("main.log").contains(text), what);
    }

    pub(crate) fn ctl(&self, arguments: &[&str]) -> Output {
        self.setup.ctl(arguments)
    }

    pub(crate) fn signal(&self, signal: i32) {
        kill(self.pid(), signal);
    }

    /// Wait until it has ended.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        wait_until("the daemon to end", || {
            status = self.child.try_wait().expect("wait");
            status.is_some()
        });
        status.expect("it ended")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(libc::SIGTERM);
            if !comes_true(|| !matches!(self.child.try_wait(), Ok(None))) {
                // the test has failed already; leave nothing behind
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
        }
    }
}

/// Exit code, stdout and stderr of a finished command as one comparable value.
pub(crate) fn summary(output: &Output) -> (Option<i32>, String, String) {
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}
