//! From the text of an option to what it means (spec core 1.8 and 1.9).
//!
//! Every converter takes the expanded text and returns the exact message of the original
//! on failure; the reader adds the place. They serve command line options too.

mod account;
mod address;
mod environment;
mod path;
mod scalar;

pub use account::Accounts;
pub use address::{check_port, parse_fcgi_socket, parse_inet_address, parse_syslog_address};
pub use environment::parse_environment;
pub use path::{
    absolute, existing_dir, existing_log_dir, expand_home, normalize, path_with_existing_dir,
    resolve,
};
pub use scalar::{
    check_name, one_of, parse_autorestart, parse_bool, parse_bytes, parse_exitcodes, parse_int,
    parse_list, parse_loglevel, parse_octal, parse_signal,
};
