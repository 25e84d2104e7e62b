//! The choices of options and rules (spec cluster 0): numbers and names are part of the RPC
//! interface.

use visord_model::coded;

coded! {
    /// On which instance a process is started (spec cluster 5.3).
    StartingStrategy {
        /// The first of the list that can take it.
        Config = 0, "CONFIG";
        /// The instance with the smallest load.
        LessLoaded = 1, "LESS_LOADED";
        /// The instance with the largest load that can take it.
        MostLoaded = 2, "MOST_LOADED";
        /// The local instance.
        Local = 3, "LOCAL";
        /// The node with the smallest load.
        LessLoadedNode = 4, "LESS_LOADED_NODE";
        /// The node with the largest load that can take it.
        MostLoadedNode = 5, "MOST_LOADED_NODE";
    }
}

coded! {
    /// What happens to a process that runs on several instances (spec cluster 6).
    ConciliationStrategy {
        /// Keep the youngest.
        Senicide = 0, "SENICIDE";
        /// Keep the oldest.
        Infanticide = 1, "INFANTICIDE";
        /// Leave it to the user.
        User = 2, "USER";
        /// Stop all.
        Stop = 3, "STOP";
        /// Stop all, then start one.
        Restart = 4, "RESTART";
        /// Stop all, then apply the running failure strategy.
        RunningFailure = 5, "RUNNING_FAILURE";
    }
}

coded! {
    /// What follows if a required process does not start (spec cluster 5.6).
    StartingFailureStrategy {
        /// Do not start the rest of the application.
        Abort = 0, "ABORT";
        /// The same, and stop the application.
        Stop = 1, "STOP";
        /// Start the rest.
        Continue = 2, "CONTINUE";
    }
}

coded! {
    /// What follows if a running process fails (spec cluster 5.9).
    RunningFailureStrategy {
        /// Nothing.
        Continue = 0, "CONTINUE";
        /// Start the process again.
        RestartProcess = 1, "RESTART_PROCESS";
        /// Stop the application.
        StopApplication = 2, "STOP_APPLICATION";
        /// Stop the application and start it again.
        RestartApplication = 3, "RESTART_APPLICATION";
        /// Shut the cluster down.
        Shutdown = 4, "SHUTDOWN";
        /// Restart the cluster.
        Restart = 5, "RESTART";
    }
}

coded! {
    /// What follows if the synchronization condition is no longer met (spec cluster 3.5).
    ClusterFailureStrategy {
        /// Nothing.
        Continue = 0, "CONTINUE";
        /// Synchronize again.
        Resync = 1, "RESYNC";
        /// Shut the cluster down.
        Shutdown = 2, "SHUTDOWN";
    }
}

coded! {
    /// How far the processes of an application may be spread (spec cluster 5.4).
    Distribution {
        /// Over all instances.
        AllInstances = 0, "ALL_INSTANCES";
        /// All on one instance.
        SingleInstance = 1, "SINGLE_INSTANCE";
        /// All on instances of one node.
        SingleNode = 2, "SINGLE_NODE";
    }
}

coded! {
    /// What ends the synchronization (spec cluster 3.3).
    SyncOption {
        /// Every instance of the initial list runs.
        Strict = 0, "STRICT";
        /// Every known instance runs.
        List = 1, "LIST";
        /// Time is up.
        Timeout = 2, "TIMEOUT";
        /// Every core instance runs.
        Core = 3, "CORE";
        /// A user says so.
        User = 4, "USER";
    }
}
