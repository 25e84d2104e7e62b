//! The client that sent a request, and what it is allowed to do.

use subtle::ConstantTimeEq as _;

/// What a method or page requires and what a caller has: a role includes those before it. The one
/// user of a listener (spec interfaces 1.4) has every right.
pub use visord_config::Role as Right;

/// A client whose request was admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user's name; `None` where no password is required.
    pub user: Option<String>,
    /// What it may do.
    pub right: Right,
    /// Proves that a form is from a page that was sent in this session ([`crate::session`]).
    /// Set only for pages, empty elsewhere.
    pub token: String,
}

impl Caller {
    /// A caller of a listener without users: it may do everything, as with the original.
    pub const UNNAMED: Self = Self {
        user: None,
        right: Right::Admin,
        token: String::new(),
    };

    /// Whether the caller has this right.
    pub fn may(&self, right: Right) -> bool {
        self.right >= right
    }

    /// Whether a form came with the token of the caller's session.
    pub fn is_token(&self, presented: &str) -> bool {
        let right: bool = self.token.as_bytes().ct_eq(presented.as_bytes()).into();
        right && !self.token.is_empty()
    }
}
