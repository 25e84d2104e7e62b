//! Four programs, one library.
//!
//! [`daemon`] is `supervisord`, [`ctl`] is `supervisorctl`, [`pidproxy`] and
//! `echo_supervisord_conf` are what they are called; [`cli`] reads all command lines, [`manual`] is the manual of all of them.

pub mod cli;
pub mod ctl;
pub mod daemon;
pub mod manual;
pub mod pidproxy;
mod spawn;

/// Which visord this is: version and the Supervisor it stands in for (decision "version").
#[must_use]
pub fn build_info() -> String {
    format!("visord {} (Supervisor 4.3.0)", env!("CARGO_PKG_VERSION"))
}
