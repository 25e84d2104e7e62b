//! supvisorsctl: supervisorctl with the commands for Supvisors. See `visord::ctl`.

use std::process::ExitCode;

fn main() -> ExitCode {
    visord::ctl::supvisorsctl()
}
