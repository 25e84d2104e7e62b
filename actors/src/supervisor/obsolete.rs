//! Processes that are to be removed as soon as they have ended, because their program has fewer
//! processes now (spec cluster 4.9).

use visord_config::ProcessConfig;
use visord_model::event::Event;
use visord_model::name::ProcessName;

use super::Supervisor;
use crate::messages::process::Command;

/// What a process is asked when it becomes obsolete.
pub(super) fn retirement(lazy: bool) -> Command {
    match lazy {
        true => Command::RetireLater,
        false => Command::Retire,
    }
}

impl Supervisor {
    pub(super) fn is_obsolete(&self, group: &str, process: &ProcessConfig) -> bool {
        let name = ProcessName::new(group, &*process.name);
        self.obsolete.contains_key(&name)
    }

    pub(super) fn has_obsolete(&self, group: &str) -> bool {
        self.obsolete.keys().any(|name| *name.group == *group)
    }

    /// After a panic, which may have interrupted a request.
    pub(super) fn repeat_obsolete(&mut self) {
        for (name, &lazy) in &self.obsolete {
            if let Ok(member) = self.roster.member(name) {
                member.addr.do_send(retirement(lazy));
            }
        }
        for name in self.obsolete.clone().into_keys() {
            self.remove_ended(&name.group);
        }
    }

    /// Remove the obsolete processes of a group that have ended.
    pub(super) fn remove_ended(&mut self, group: &str) {
        let obsolete = self.obsolete.keys();
        let ended = obsolete.filter(|name| {
            let member = self.roster.member(name);
            *name.group == *group && member.is_ok_and(|member| self.is_at_rest(member))
        });
        for name in ended.cloned().collect::<Vec<_>>() {
            self.remove_obsolete(&name);
        }
    }

    fn remove_obsolete(&mut self, name: &ProcessName) {
        self.obsolete.remove(name);
        self.edit_group(&name.group, |group| {
            let is_it = |process: &str| *process == *name.process;
            group.config.processes.retain(|it| !is_it(&it.name));
            if let Some(at) = group.members.iter().position(|it| it.name() == name) {
                let member = group.members.remove(at);
                // a start that is still in the mailbox must not happen; dropping the last address
                // ends the actor
                member.addr.do_send(Command::Retire);
            }
            group.arrange_pool();
        });
        self.parts.auto_logs.retain(|(owner, _), _| owner != name);
        self.deps.logs.forget(std::iter::once(name.clone()));
        self.deps.board.remove_process(name);
        slog::info!(self.deps.logger, "removed process '{name}'");
        self.publish(Event::ProcessRemoved(name.clone()));
    }
}
