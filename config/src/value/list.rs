//! Comma-separated values.

use visord_model::pyrepr::repr;

use super::scalar::parse_int;
use crate::dialect::is_space;

/// Items between commas, stripped. Nothing at all is an empty list; `a,` has an empty
/// last item.
#[must_use]
pub fn parse_list(text: &str) -> Vec<&str> {
    if text.is_empty() {
        return Vec::new();
    }
    text.split(',')
        .map(|item| item.trim_matches(is_space))
        .collect()
}

/// Exit codes 0 to 255, none if empty.
///
/// # Errors
/// `not a valid list of exit codes: '0,256'`
pub fn parse_exitcodes(text: &str) -> Result<Vec<i32>, String> {
    let code = |item: &str| {
        let code = parse_int(item)
            .ok()
            .filter(|code| (0..=255).contains(code))?;
        i32::try_from(code).ok()
    };
    parse_list(text)
        .into_iter()
        .map(code)
        .collect::<Option<Vec<i32>>>()
        .ok_or_else(|| format!("not a valid list of exit codes: {}", repr(text)))
}
