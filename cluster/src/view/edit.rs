//! Rules that no file says, for tests of other parts.

use visord_model::name::ProcessName;

use super::View;
use crate::rules::{ApplicationRules, ProcessRules};

impl View {
    /// The rules of an application.
    pub(crate) fn application_rules(&mut self, name: &str) -> Option<&mut ApplicationRules> {
        let number = self.by_name.get(name)?;
        let application = self.applications.get_mut(number)?;
        Some(&mut application.rules)
    }

    /// The rules of a process.
    pub(crate) fn process_rules(&mut self, name: &ProcessName) -> Option<&mut ProcessRules> {
        let key = self.key(name)?;
        let application = self.applications.get_mut(&key.application)?;
        application.at_mut(key.process).map(|it| &mut it.rules)
    }
}
