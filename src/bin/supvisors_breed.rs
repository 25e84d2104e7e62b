//! supvisors_breed: copies group definitions. See `visord::breed`.

use std::process::ExitCode;

fn main() -> ExitCode {
    visord::breed::main()
}
