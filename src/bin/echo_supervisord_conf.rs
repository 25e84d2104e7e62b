//! echo_supervisord_conf: prints a sample configuration (spec core 10). Arguments are
//! ignored.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    match std::io::stdout().write_all(visord_config::SAMPLE.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
