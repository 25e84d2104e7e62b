//! Five programs, one library.
//!
//! [`daemon`] is `supervisord`, [`ctl`] is `supervisorctl`, [`pidproxy`] is `pidproxy`, [`breed`] is
//! `supvisors_breed`; `echo_supervisord_conf` is a few lines in `src/bin/`. [`cli`] reads the command
//! lines of `supervisord`, `supervisorctl` and `supvisors_breed`; what others wrote is shown on a
//! terminal in its [`visible`] form.
//!
//! ```
//! use visord::cli::Parsed;
//!
//! let context = visord::cli::host_context("/".into());
//! let arguments = ["--version".to_owned()];
//! let parsed = visord::daemon::options::parse("supervisord", &arguments, &context);
//! assert_eq!(parsed, Ok(Parsed::Print("4.3.0\n".to_owned())));
//! ```

pub mod breed;
pub mod cli;
pub mod ctl;
pub mod daemon;
pub mod pidproxy;
mod spawn;
pub mod visible;

/// Which build this is: version and the Supervisor that it replaces.
pub fn build_info() -> String {
    format!("visord {} (Supervisor 4.3.0)", env!("CARGO_PKG_VERSION"))
}
