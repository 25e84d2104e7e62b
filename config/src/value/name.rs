//! Names of programs, groups and processes.

use visord_model::pyrepr::repr;

use crate::dialect::is_space;

/// The name without white space around it (spec core 1.4).
///
/// # Errors
/// `Invalid name: 'a b' because of character: ' '`
pub fn check_name(name: &str) -> Result<&str, String> {
    let stripped = name.trim_matches(is_space);
    match [' ', ':', '/'].into_iter().find(|&c| stripped.contains(c)) {
        None => Ok(stripped),
        Some(c) => Err(format!(
            "Invalid name: {} because of character: {}",
            repr(name),
            repr(c.encode_utf8(&mut [0; 4]))
        )),
    }
}
