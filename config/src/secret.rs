//! Texts that are never shown.

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::listing::in_urls;

/// A password, the value of an environment variable or a URL that may hold credentials. It has no
/// `Display`, `Debug` says nothing of it, comparing takes the same time wherever two of the same
/// length differ, and its memory is overwritten when it is dropped.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself, for where it is used.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// As a URL that may be shown: without the password in it.
    #[must_use]
    pub fn as_shown_url(&self) -> String {
        in_urls(&self.0)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(crate::HIDDEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_compared_and_not_shown() {
        let secret = Secret::from("pw");
        assert_eq!(secret, Secret::from("pw".to_owned()));
        assert_ne!(secret, Secret::from("pwx"));
        assert_eq!(format!("{secret:?}"), "[hidden]");
        assert_eq!(secret.expose(), "pw");
    }
}
