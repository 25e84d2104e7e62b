//! The states of a cluster, of its instances and of their applications (spec cluster 0).

use core::fmt;

use visord_model::coded;

coded! {
    /// State of the cluster as one instance sees it (spec cluster 3.2).
    ClusterState {
        /// The local instance is not RUNNING yet.
        Off = 0, "OFF";
        /// Waits for the other instances.
        Synchronization = 1, "SYNCHRONIZATION";
        /// The instances agree on a Master.
        Election = 2, "ELECTION";
        /// The Master starts applications.
        Distribution = 3, "DISTRIBUTION";
        /// Ready for requests.
        Operation = 4, "OPERATION";
        /// A process runs on several instances.
        Conciliation = 5, "CONCILIATION";
        /// Everything stops in order to start again.
        Restarting = 6, "RESTARTING";
        /// Everything stops in order to exit.
        ShuttingDown = 7, "SHUTTING_DOWN";
        /// The local supervisord is about to end.
        Final = 8, "FINAL";
    }
}

impl ClusterState {
    /// ELECTION, DISTRIBUTION, OPERATION, CONCILIATION.
    pub const fn is_working(self) -> bool {
        matches!(
            self,
            Self::Election | Self::Distribution | Self::Operation | Self::Conciliation
        )
    }

    /// RESTARTING, SHUTTING_DOWN, FINAL.
    pub const fn is_closing(self) -> bool {
        matches!(self, Self::Restarting | Self::ShuttingDown | Self::Final)
    }
}

coded! {
    /// State of one instance as another sees it (spec cluster 3.1).
    InstanceState {
        /// Not heard of, or lost.
        Stopped = 0, "STOPPED";
        /// The handshake is in progress.
        Checking = 1, "CHECKING";
        /// The handshake succeeded; becomes RUNNING when the cluster state allows.
        Checked = 2, "CHECKED";
        /// A member.
        Running = 3, "RUNNING";
        /// Just lost; becomes STOPPED or ISOLATED at the next evaluation.
        Failed = 4, "FAILED";
        /// Excluded until the local instance restarts.
        Isolated = 5, "ISOLATED";
    }
}

impl InstanceState {
    /// CHECKING, CHECKED, RUNNING, FAILED: publications are sent to it.
    pub const fn is_active(self) -> bool {
        matches!(
            self,
            Self::Checking | Self::Checked | Self::Running | Self::Failed
        )
    }

    /// RUNNING, STOPPED, ISOLATED: no change is in progress.
    pub const fn is_stable(self) -> bool {
        matches!(self, Self::Running | Self::Stopped | Self::Isolated)
    }
}

coded! {
    /// State of an application, derived from its processes (spec cluster 4.5).
    ApplicationState {
        /// No process runs.
        Stopped = 0, "STOPPED";
        /// A process is STARTING or in BACKOFF.
        Starting = 1, "STARTING";
        /// A process runs.
        Running = 2, "RUNNING";
        /// A process is STOPPING.
        Stopping = 3, "STOPPING";
        /// No instance declares its processes any more.
        Deleted = 4, "DELETED";
    }
}

macro_rules! shown_by_name {
    ($($type:ident)*) => {
        $(impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        })*
    };
}

shown_by_name! { ClusterState InstanceState ApplicationState }
