//! What follows from a change of the view.

use alloc::string::String;
use alloc::vec::Vec;

use visord_model::log_line::LogLine;
use visord_model::name::ProcessName;

use crate::effect::{Effect, Shown};
use crate::strategy::RunningFailureStrategy;

/// What follows from a change of the view; each list in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// The view has taken it: what is ignored must not reach the plan.
    pub applied: bool,
    /// An instance became CHECKING: its handshake must begin.
    pub handshake: bool,
    /// For subscribers.
    pub shown: Vec<Shown>,
    /// For the activity log.
    pub log: Vec<LogLine>,
    /// Processes that ran on the lost instance and run nowhere now; one that was STOPPING there is
    /// left out: it ended as wanted.
    pub lost: Vec<ProcessName>,
    /// Processes of the local instance whose command gets other arguments.
    pub extra_args: Vec<(ProcessName, String)>,
    /// Processes of the local instance that supervisord must not restart by itself, because of
    /// this strategy.
    pub forbid_autorestart: Vec<(ProcessName, RunningFailureStrategy)>,
}

impl Changes {
    pub(super) fn merge(&mut self, other: Self) {
        self.applied |= other.applied;
        self.handshake |= other.handshake;
        self.shown.extend(other.shown);
        self.log.extend(other.log);
        self.lost.extend(other.lost);
        self.extra_args.extend(other.extra_args);
        self.forbid_autorestart.extend(other.forbid_autorestart);
    }

    /// The effects on this host: log lines, changes of local processes, what is shown. Handshakes,
    /// and what the lost processes mean, are for the caller.
    pub fn into_effects(self) -> impl Iterator<Item = Effect> {
        let log = self.log.into_iter().map(Effect::Log);
        let args = self.extra_args.into_iter();
        let forbidden = self.forbid_autorestart.into_iter();
        let shown = self.shown.into_iter().map(Effect::Show);
        log.chain(args.map(|(name, args)| Effect::ExtraArgs(name, args)))
            .chain(forbidden.map(|(name, why)| Effect::ForbidAutorestart(name, why)))
            .chain(shown)
    }
}
