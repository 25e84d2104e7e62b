//! One chromedriver and few browsers for all tests, however the test program ends.

use std::io::{BufRead as _, BufReader};
use std::ops::Deref;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};

use serde_json::{Value, json};

use crate::webdriver::Browser;

/// Browsers at a time: each keeps two processors busy.
fn browsers() -> usize {
    std::thread::available_parallelism().map_or(1, |count| (count.get() / 2).clamp(1, 2))
}

/// A host that no DNS knows and that the browsers take for this machine.
pub(crate) const OTHER_HOST: &str = "evil.example";

/// Another, the machine's own name on its network. Over plain HTTP browsers trust it less than
/// an address of the machine itself and say less about where a request comes from.
pub(crate) const OWN_HOST: &str = "box.example";

/// Starts chromedriver and ends it, its browsers and their files when the input closes: when
/// the test program has ended, even if it was killed. All are in the shell's process group,
/// which is killed from outside of it.
const KEEPER: &str = "\
    \"$1\" --port=0 </dev/null 2>/dev/null &
    cat >/dev/null
    setsid sh -c 'kill -KILL -\"$1\"; rm -rf \"$2\"' sh $$ \"$TMPDIR\"";

/// What all tests share.
struct Pool {
    port: u16,
    binary: PathBuf,
    idle: Mutex<Idle>,
    returned: Condvar,
    /// Its input closes with this program.
    _keeper: Child,
}

#[derive(Default)]
struct Idle {
    browsers: Vec<Browser>,
    lent: usize,
}

/// A browser that is given back at the end of the test.
pub(crate) struct Lent {
    browser: Option<Browser>,
    pool: &'static Pool,
}

/// A browser with one empty tab; waits for one if all are lent. `None`, and a word why, where
/// there is no Chromium.
pub(crate) fn borrow() -> Option<Lent> {
    static POOL: OnceLock<Option<Pool>> = OnceLock::new();
    let Some(pool) = POOL.get_or_init(Pool::start) else {
        crate::harness::skip("chromium and chromedriver are not both installed");
        return None;
    };
    let mut idle = pool.idle();
    while idle.lent == browsers() {
        idle = pool
            .returned
            .wait(idle)
            .unwrap_or_else(PoisonError::into_inner);
    }
    idle.lent += 1;
    let browser = idle.browsers.pop();
    drop(idle);
    let browser = browser.unwrap_or_else(|| Browser::start(pool.port, &pool.capabilities()));
    browser.new_tab();
    // a cookie belongs to a host, and all our daemons are on the same
    browser.devtools("Network.clearBrowserCookies", &json!({}));
    // what the console still has is another test's
    browser.console();
    Some(Lent {
        browser: Some(browser),
        pool,
    })
}

/// A program of the PATH.
fn installed(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

impl Pool {
    fn start() -> Option<Self> {
        let (binary, driver) = (installed("chromium")?, installed("chromedriver")?);
        let folder = tempfile::tempdir().expect("a temporary folder").keep();
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .arg(driver)
            .env("TMPDIR", folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start chromedriver");
        let said = BufReader::new(keeper.stdout.take().expect("its output"));
        // "ChromeDriver was started successfully on port 12345."
        let port = said.lines().find_map(|line| {
            let line = line.expect("what chromedriver says");
            let (_, port) = line.rsplit_once("successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        Some(Self {
            port: port.expect("the port of chromedriver"),
            binary,
            idle: Mutex::default(),
            returned: Condvar::new(),
            _keeper: keeper,
        })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn capabilities(&self) -> Value {
        let map =
            format!("--host-resolver-rules=MAP {OTHER_HOST} 127.0.0.1, MAP {OWN_HOST} 127.0.0.1");
        json!({
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {
                "binary": self.binary,
                "args": [
                    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-breakpad",
                    "--disable-dev-shm-usage", "--no-first-run", "--disable-component-update",
                    "--disable-background-networking", "--window-size=1280,900",
                    "--lang=en-US", map,
                ],
            },
        })
    }
}

impl Deref for Lent {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        self.browser.as_ref().expect("it is lent")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(browser) = self.browser.take() else {
            return;
        };
        let keep = !std::thread::panicking();
        if keep {
            tidy(&browser);
        } else {
            tell(&browser);
            browser.quit();
        }
        let mut idle = self.pool.idle();
        idle.lent -= 1;
        if keep {
            idle.browsers.push(browser);
        }
        drop(idle);
        self.pool.returned.notify_one();
    }
}

/// Close all tabs but the first, which is never used: without a tab the browser would end.
fn tidy(browser: &Browser) {
    let tabs = browser.tabs();
    for tab in &tabs[1..] {
        browser.turn_to(tab);
        browser.close_tab();
    }
    browser.turn_to(&tabs[0]);
}

/// Say what the page looked like when its test failed.
fn tell(browser: &Browser) {
    let script = "return location.href + '\\n' + document.body?.innerText";
    let page = browser.try_post("execute/sync", &json!({"script": script, "args": []}));
    match page {
        Ok(page) => eprintln!("the page: {}", page.as_str().unwrap_or_default()),
        Err(error) => eprintln!("the page cannot be shown: {error}"),
    }
}
