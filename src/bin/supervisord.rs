//! supervisord: runs programs and keeps them running. See `visord::daemon`.

use std::process::ExitCode;

fn main() -> ExitCode {
    visord::daemon::main()
}
