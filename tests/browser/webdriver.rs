//! A small WebDriver client: one request, one connection, JSON both ways
//! (docs/decisions/0010-webdriver.md).

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::harness::{PATIENCE, wait_until};

/// The name under which WebDriver hides the id of an element (W3C WebDriver, section 12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The keys that tests press, as WebDriver spells them (section 17.4.2).
pub(crate) mod keys {
    pub(crate) const TAB: &str = "\u{e004}";
    pub(crate) const ENTER: &str = "\u{e007}";
    pub(crate) const ESCAPE: &str = "\u{e00c}";
    pub(crate) const PAGE_UP: &str = "\u{e00e}";
}

/// Ask chromedriver. What WebDriver calls an error comes back as its message.
pub(crate) fn ask(port: u16, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let body = if method == "POST" {
        body.to_string()
    } else {
        String::new()
    };
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(|e| e.to_string())?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream
        .write_all(head.as_bytes())
        .map_err(|e| e.to_string())?;
    let body = body_of(stream).map_err(|e| format!("{path}: {e}"))?;
    let mut answer: Value = serde_json::from_str(&body).map_err(|e| format!("{e}: {body}"))?;
    let value = answer["value"].take();
    match value["error"].as_str() {
        Some(error) => Err(format!("{error}: {}", value["message"])),
        None => Ok(value),
    }
}

/// The body of an answer; chromedriver keeps the connection open after it.
fn body_of(stream: TcpStream) -> io::Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    let mut line = String::new();
    while stream.read_line(&mut line)? > 2 {
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        line.clear();
    }
    let mut body = String::new();
    stream.take(length).read_to_string(&mut body)?;
    Ok(body)
}

/// One tab of one browser.
#[derive(Debug)]
pub(crate) struct Browser {
    port: u16,
    session: String,
}

/// Something on a page.
#[derive(Clone, Debug)]
pub(crate) struct Element(String);

impl Browser {
    /// Start a browser.
    pub(crate) fn start(port: u16, capabilities: &Value) -> Self {
        let wanted = json!({"capabilities": {"alwaysMatch": capabilities}});
        let started = ask(port, "POST", "/session", &wanted).expect("start Chromium");
        let session = started["sessionId"].as_str().expect("a session").to_owned();
        Self { port, session }
    }

    /// A command of this session.
    pub(crate) fn try_post(&self, command: &str, body: &Value) -> Result<Value, String> {
        let path = format!("/session/{}/{command}", self.session);
        ask(self.port, "POST", &path, body)
    }

    pub(crate) fn post(&self, command: &str, body: &Value) -> Value {
        self.try_post(command, body)
            .unwrap_or_else(|error| panic!("{command} {body}: {error}"))
    }

    pub(crate) fn get(&self, command: &str) -> Value {
        let path = format!("/session/{}/{command}", self.session);
        ask(self.port, "GET", &path, &Value::Null)
            .unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    fn delete(&self, command: &str) {
        let path = format!("/session/{}/{command}", self.session);
        // it may be gone already, as after a crash of the browser
        let _ = ask(self.port, "DELETE", &path, &Value::Null);
    }

    /// End the browser.
    pub(crate) fn quit(&self) {
        self.delete("");
    }

    /// Turn to a new tab, which has nothing of what was emulated in others.
    pub(crate) fn new_tab(&self) {
        let tab = self.post("window/new", &json!({"type": "tab"}));
        self.turn_to(tab["handle"].as_str().expect("a tab"));
    }

    /// All tabs, the oldest first.
    pub(crate) fn tabs(&self) -> Vec<String> {
        let tabs = self.get("window/handles");
        let tabs = tabs.as_array().expect("tabs").iter();
        tabs.map(|tab| tab.as_str().expect("a tab").to_owned())
            .collect()
    }

    pub(crate) fn turn_to(&self, tab: &str) {
        self.post("window", &json!({"handle": tab}));
    }

    /// Close the tab; the session has none until it turns to another.
    pub(crate) fn close_tab(&self) {
        self.delete("window");
    }

    /// Open a page; done when it is loaded.
    pub(crate) fn open(&self, url: &str) {
        self.post("url", &json!({"url": url}));
    }

    pub(crate) fn reload(&self) {
        self.post("refresh", &json!({}));
    }

    pub(crate) fn url(&self) -> String {
        self.get("url").as_str().expect("a URL").to_owned()
    }

    pub(crate) fn title(&self) -> String {
        self.get("title").as_str().expect("a title").to_owned()
    }

    /// What the body of a script returns; it runs beside the page's policy.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.run_with(script, &json!([]))
    }

    /// The same; the script sees these as `arguments`.
    pub(crate) fn run_with(&self, script: &str, arguments: &Value) -> Value {
        self.post(
            "execute/sync",
            &json!({"script": script, "args": arguments}),
        )
    }

    /// What the body of an asynchronous function returns.
    pub(crate) fn run_async(&self, script: &str, arguments: &Value) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];\
             (async (...arguments) => {{ {script} }})(...arguments)\
             .then(done, error => done({{thrown: String(error)}}));"
        );
        let value = self.post(
            "execute/async",
            &json!({"script": script, "args": arguments}),
        );
        assert!(value["thrown"].is_null(), "{value}");
        value
    }

    /// Wait until an expression of the page is true.
    pub(crate) fn wait(&self, what: &str, expression: &str) {
        let script = format!("return Boolean({expression})");
        // a page that is being left may answer with an error
        wait_until(what, || {
            let answer = self.try_post("execute/sync", &json!({"script": script, "args": []}));
            answer == Ok(Value::Bool(true))
        });
    }

    /// The first element of a CSS selector.
    pub(crate) fn find(&self, selector: &str) -> Element {
        let wanted = json!({"using": "css selector", "value": selector});
        let found = self.post("element", &wanted);
        Element(found[ELEMENT].as_str().expect("an element").to_owned())
    }

    /// How many elements a selector has.
    pub(crate) fn count(&self, selector: &str) -> u64 {
        let script = "return document.querySelectorAll(arguments[0]).length";
        let count = self.run_with(script, &json!([selector]));
        count.as_u64().expect("a number")
    }

    /// Click as a user does; a page that this leads to is loaded when it returns.
    pub(crate) fn click(&self, selector: &str) {
        let Element(id) = self.find(selector);
        self.post(&format!("element/{id}/click"), &json!({}));
    }

    /// Type into a field.
    pub(crate) fn fill(&self, selector: &str, text: &str) {
        let Element(id) = self.find(selector);
        self.post(&format!("element/{id}/clear"), &json!({}));
        self.post(&format!("element/{id}/value"), &json!({"text": text}));
    }

    /// Press keys one after the other, wherever the focus is.
    pub(crate) fn press(&self, keys: &[&str]) {
        let strokes: Vec<Value> = keys
            .iter()
            .flat_map(|key| {
                [
                    json!({"type": "keyDown", "value": key}),
                    json!({"type": "keyUp", "value": key}),
                ]
            })
            .collect();
        let source = json!({"type": "key", "id": "keyboard", "actions": strokes});
        self.post("actions", &json!({"actions": [source]}));
    }

    /// The text of the first element of a selector, as it is shown.
    pub(crate) fn text(&self, selector: &str) -> String {
        let Element(id) = self.find(selector);
        let text = self.get(&format!("element/{id}/text"));
        text.as_str().expect("a text").to_owned()
    }

    /// The texts of all elements of a selector, shown or not.
    pub(crate) fn texts(&self, selector: &str) -> Vec<String> {
        let script = "return Array.from(document.querySelectorAll(arguments[0]), \
                      found => found.textContent.trim())";
        let texts = self.run_with(script, &json!([selector]));
        let texts = texts.as_array().expect("texts").iter();
        texts
            .map(|text| text.as_str().expect("a text").to_owned())
            .collect()
    }

    /// A computed style of the first element of a selector.
    pub(crate) fn style(&self, selector: &str, property: &str) -> String {
        let script = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]";
        let value = self.run_with(script, &json!([selector, property]));
        value.as_str().expect("a style").to_owned()
    }

    /// A command of the DevTools protocol.
    pub(crate) fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.post("goog/cdp/execute", &body)
    }

    /// Run a script in every page before any of its own, from the next page on.
    pub(crate) fn prepare(&self, script: &str) {
        let source = json!({"source": script});
        self.devtools("Page.addScriptToEvaluateOnNewDocument", &source);
    }

    /// What the console says since it was asked last: refused scripts, failed requests, errors.
    pub(crate) fn console(&self) -> Vec<String> {
        let entries = self.post("se/log", &json!({"type": "browser"}));
        let entries = entries.as_array().expect("entries").iter();
        entries.map(|entry| entry["message"].to_string()).collect()
    }
}
