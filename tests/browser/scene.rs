//! A daemon with a web page, and a browser to look at it.

use std::ops::Deref;

use crate::chromium::{self, Lent};
use crate::harness::{Daemon, Setup, free_port};

/// See the module.
pub(crate) struct Scene {
    /// Given back before the daemon ends.
    pub(crate) browser: Lent,
    pub(crate) daemon: Daemon,
    pub(crate) port: u16,
}

impl Scene {
    /// A daemon with these programs, without password; `None` where there is no Chromium.
    pub(crate) fn new(programs: &str) -> Option<Self> {
        Self::with("", programs)
    }

    /// The same with more options for its web server.
    pub(crate) fn with(server: &str, programs: &str) -> Option<Self> {
        Self::complete(server, programs, &[])
    }

    /// The same with files that are there before the daemon starts.
    pub(crate) fn prepared(programs: &str, files: &[(&str, String)]) -> Option<Self> {
        Self::complete("", programs, files)
    }

    fn complete(server: &str, programs: &str, files: &[(&str, String)]) -> Option<Self> {
        let browser = chromium::borrow()?;
        let port = free_port();
        let inet = format!("[inet_http_server]\nport=127.0.0.1:{port}\n{server}\n");
        let setup = Setup::new();
        setup.configure("", &format!("{inet}{programs}"));
        for (name, content) in files {
            std::fs::write(setup.path(name), content).expect("write a file");
        }
        let daemon = setup.start();
        Some(Self {
            browser,
            daemon,
            port,
        })
    }

    /// The address of a page.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// Open a page.
    pub(crate) fn visit(&self, path: &str) {
        self.browser.open(&self.at(path));
    }

    /// Wait until the page says that this came of an action.
    pub(crate) fn expect_message(&self, begin: &str) {
        let words = serde_json::Value::from(begin);
        self.browser.wait(
            begin,
            &format!("document.querySelector('.status_msg')?.textContent.startsWith({words})"),
        );
    }

    /// Nothing was refused, failed or thrown since the console was looked at last.
    pub(crate) fn assert_quiet(&self) {
        let console = self.browser.console();
        assert!(console.is_empty(), "{}", console.join("\n"));
    }
}

impl Deref for Scene {
    type Target = Lent;

    fn deref(&self) -> &Lent {
        &self.browser
    }
}
