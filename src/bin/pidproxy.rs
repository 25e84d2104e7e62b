//! pidproxy: passes signals on by way of a pidfile. See `visord::pidproxy`.

use std::process::ExitCode;

fn main() -> ExitCode {
    visord::pidproxy::main()
}
