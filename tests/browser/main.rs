//! The web interface as people see it: real pages of real daemons in a real Chromium.
//!
//! Needs `chromium` and `chromedriver` (Debian's; `.ci/run` installs them). Where they are
//! missing each test says so and passes. [`webdriver`] speaks to chromedriver, [`chromium`]
//! lends browsers to tests, [`scene`] is a daemon with a page open on it.

mod axe;
mod chromium;
mod cross_site;
mod daemon;
mod elsewhere;
mod events;
// the harness of the other end-to-end tests, of which these need a part
#[path = "../it/harness.rs"]
#[allow(dead_code)]
mod harness;
mod hostile;
mod logs;
mod looks;
mod plain;
mod processes;
mod roles;
mod scene;
mod screenshots;
mod tail;
mod webdriver;
mod wire;
