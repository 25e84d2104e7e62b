//! Who asks, and what they are allowed to.

use subtle::ConstantTimeEq as _;
use visord_config::Role;

/// What a caller must be allowed to. Each right contains those before it. The one user of a
/// listener (spec interfaces 1.4) may do everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// To see states and logs.
    View,
    /// To start, stop, signal and feed processes, to empty their logs, and to see how they are
    /// configured: command lines may hold secrets.
    Operate,
    /// To change what is supervised, and to end or restart the daemon.
    Admin,
}

impl Right {
    /// `view`, `operate`, `admin`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }
}

impl From<Role> for Right {
    fn from(role: Role) -> Self {
        match role {
            Role::View => Self::View,
            Role::Operate => Self::Operate,
            Role::Admin => Self::Admin,
        }
    }
}

/// Who sent a request that was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user's name; `None` where no password is asked for.
    pub user: Option<String>,
    /// What they may do.
    pub right: Right,
    /// Proves that a form was made by a page that was given to them in this session
    /// ([`crate::session`]). Known only where pages are asked for, empty elsewhere.
    pub token: String,
}

impl Caller {
    /// Whoever comes through a door that knows one user, or none: they may do everything, as
    /// with the original.
    pub const ANYBODY: Self = Self {
        user: None,
        right: Right::Admin,
        token: String::new(),
    };

    /// Whether they may do what needs this right.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        self.right >= right
    }

    /// Whether a form brought their token.
    #[must_use]
    pub fn is_token(&self, presented: &str) -> bool {
        let right: bool = self.token.as_bytes().ct_eq(presented.as_bytes()).into();
        right && !self.token.is_empty()
    }
}
