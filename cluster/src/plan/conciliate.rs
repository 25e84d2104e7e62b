//! What is stopped to end a conflict (spec cluster 6).

use alloc::vec::Vec;

use crate::identity::InstanceId;
use crate::strategy::ConciliationStrategy;
use crate::view::process::Process;

/// How a conflict ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// A user decides.
    Wait,
    /// Stop it on these instances.
    Stop(Vec<InstanceId>),
    /// Stop it everywhere, then start it once.
    Restart,
    /// Stop it everywhere, then treat it as failed.
    Fail,
}

/// The end of the conflict of this process. Of copies that are equally old, the one that was seen
/// first is kept.
pub(super) fn end(strategy: ConciliationStrategy, process: &Process) -> End {
    let running = process.running().iter().copied();
    let uptime = |on: &InstanceId| {
        let record = process.records().get(on);
        record.map_or(0.0, |record| record.uptime)
    };
    match strategy {
        ConciliationStrategy::Senicide => {
            let kept = running.min_by(|a, b| uptime(a).total_cmp(&uptime(b)));
            all_but(process, kept)
        }
        ConciliationStrategy::Infanticide => {
            let kept = running.rev().max_by(|a, b| uptime(a).total_cmp(&uptime(b)));
            all_but(process, kept)
        }
        ConciliationStrategy::User => End::Wait,
        ConciliationStrategy::Stop => all_but(process, None),
        ConciliationStrategy::Restart => End::Restart,
        ConciliationStrategy::RunningFailure => End::Fail,
    }
}

fn all_but(process: &Process, kept: Option<InstanceId>) -> End {
    let running = process.running().iter().copied();
    End::Stop(running.filter(|&on| Some(on) != kept).collect())
}
