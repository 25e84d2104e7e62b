//! supervisorctl: controls a supervisord. See `visord::ctl`.

use std::process::ExitCode;

fn main() -> ExitCode {
    visord::ctl::main()
}
