//! From the text of an option to what it means (spec core 1.8 and 1.9).
//!
//! Every converter takes the expanded text and returns the exact message of the original
//! on failure; the reader adds the place. They serve command line options too.

mod account;
mod address;
mod environment;
mod list;
mod name;
mod path;
mod scalar;

pub use account::Accounts;
pub use address::{
    FcgiEndpoint, check_port, parse_fcgi_socket, parse_inet_address, parse_syslog_address,
};
pub use environment::parse_environment;
pub use list::{parse_exitcodes, parse_list};
pub use name::check_name;
pub use path::{
    absolute, existing_dir, existing_log_dir, expand_home, normalize, path_with_existing_dir,
    resolve,
};
pub use scalar::{
    one_of, parse_autorestart, parse_bool, parse_bytes, parse_int, parse_loglevel, parse_octal,
    parse_signal,
};
