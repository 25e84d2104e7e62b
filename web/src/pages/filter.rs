//! Which processes a page shows: `?q=` and `?state=`.

use visord_model::name::namespec;
use visord_model::process::ProcessInfo;
use visord_model::state::ProcessState;

use super::Visit;
use crate::query;

/// Bytes of a search that are looked at; no name is so long.
const LONGEST: usize = 200;

/// Which processes are shown. `scripts/processes.js` has the same rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// What was typed; each word of it must be in the name, in any case.
    pub typed: String,
    /// The only state shown, if any.
    pub state: Option<ProcessState>,
}

impl Filter {
    /// The filter of a page's parameters.
    pub fn of(visit: &Visit<'_>) -> Self {
        Self::new(visit.query.get("q"), visit.query.get("state"))
    }

    /// A state that does not exist filters nothing.
    fn new(typed: Option<&str>, state: Option<&str>) -> Self {
        let named = |name: &str| {
            let mut all = ProcessState::ALL.into_iter();
            all.find(|state| state.name().eq_ignore_ascii_case(name))
        };
        Self {
            typed: query::shortened(typed.unwrap_or_default(), LONGEST).to_owned(),
            state: state.and_then(named),
        }
    }

    /// Whether it shows this process.
    pub fn shows(&self, info: &ProcessInfo) -> bool {
        self.state.is_none_or(|state| info.state == state) && self.finds(info)
    }

    /// Whether the name has every word.
    pub fn finds(&self, info: &ProcessInfo) -> bool {
        if self.typed.is_empty() {
            return true;
        }
        let name = namespec(&info.group, &info.name).to_lowercase();
        let typed = self.typed.to_lowercase();
        typed.split_whitespace().all(|word| name.contains(word))
    }

    /// Whether it leaves anything out.
    pub fn is_active(&self) -> bool {
        self.state.is_some() || !self.typed.trim().is_empty()
    }

    /// Name of the state as a parameter, `all` without one.
    pub fn state_name(&self) -> &'static str {
        self.state.map_or("all", ProcessState::name)
    }

    /// It as the end of a query, each part with `&` before it; empty if nothing is filtered.
    pub fn parameters(&self) -> String {
        let typed = Some(&self.typed).filter(|typed| !typed.is_empty());
        let typed = typed.map(|typed| format!("&q={}", query::encoded(typed)));
        let state = self.state.map(|state| format!("&state={}", state.name()));
        typed.into_iter().chain(state).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fake::info;

    #[test]
    fn words_and_states() {
        let process = info("Web", "worker_01", ProcessState::Fatal);
        for (typed, state, shown) in [
            ("", "", true),
            ("  ", "all", true),
            ("web", "bogus", true),
            ("WORKER web:", "fatal", true),
            ("worker_02", "", false),
            ("worker xyz", "FATAL", false),
            ("worker", "RUNNING", false),
        ] {
            let filter = Filter::new(Some(typed), Some(state));
            assert_eq!(filter.shows(&process), shown, "{typed} {state}");
        }
        assert!(Filter::new(Some("ÉTÉ"), None).shows(&info("x", "l'été", ProcessState::Running)));
    }

    #[test]
    fn is_carried_along() {
        let filter = Filter::new(Some("a&b=<é>"), Some("running"));
        assert_eq!(filter.parameters(), "&q=a%26b%3D%3C%C3%A9%3E&state=RUNNING");
        assert_eq!(Filter::new(None, Some("x")).parameters(), "");
        let long = Filter::new(Some(&"é".repeat(500)), None);
        assert_eq!(long.typed.len(), LONGEST);
    }
}
