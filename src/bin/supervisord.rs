//! supervisord: parse, hand over, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    visord::daemon::cli::main()
}
