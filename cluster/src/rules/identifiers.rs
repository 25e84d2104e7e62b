//! Lists of instances: aliases and signs (spec cluster 2.5).

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::{Placement, Sign};

/// Names in the order of their declaration, each with its list.
pub(super) type Aliases = Vec<(Arc<str>, Vec<Arc<str>>)>;

/// The parts between commas, without blanks around them.
pub(super) fn split(text: &str) -> Vec<Arc<str>> {
    text.split(',').map(|part| Arc::from(part.trim())).collect()
}

/// What elements said so far. The lists of signs outlive a later list without sign, as in the
/// original.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) identifiers: Vec<Arc<str>>,
    pub(super) at: Vec<Arc<str>>,
    pub(super) hash: Vec<Arc<str>>,
}

impl Default for Written {
    fn default() -> Self {
        let Placement { identifiers, .. } = Placement::default();
        Self {
            identifiers,
            at: Vec::new(),
            hash: Vec::new(),
        }
    }
}

impl Written {
    /// An element has this text.
    pub(super) fn read(&mut self, text: &str, aliases: &Aliases) {
        let mut names = resolve(text, aliases);
        let mut seen = BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        let has_at = seen.contains("@");
        let has_hash = seen.contains("#");
        names.retain(|name| !matches!(&**name, "@" | "#"));
        let has_sign = has_at || has_hash;
        if (has_sign && names.is_empty()) || seen.contains("*") {
            names = vec![Arc::from("*")];
        }
        if has_at {
            self.at.clone_from(&names);
        }
        if has_hash {
            self.hash.clone_from(&names);
        }
        self.identifiers = if has_sign { Vec::new() } else { names };
    }

    /// With at most one sign: `@` counts.
    pub(super) fn placement(self) -> Placement {
        let sign = if !self.at.is_empty() {
            Some(Sign::At(self.at))
        } else if !self.hash.is_empty() {
            Some(Sign::Hash(self.hash))
        } else {
            None
        };
        Placement {
            identifiers: self.identifiers,
            sign,
        }
    }
}

/// Each alias takes the place of the first name that it is, in the order of declaration.
fn resolve(text: &str, aliases: &Aliases) -> Vec<Arc<str>> {
    let mut names = split(text);
    for (alias, list) in aliases {
        if let Some(at) = names.iter().position(|name| name == alias) {
            names.splice(at..=at, list.iter().cloned());
        }
    }
    names.retain(|name| !name.is_empty());
    names
}
