//! Reading the configuration again, and what the last loaded one says.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix::{ActorFutureExt, WrapFuture};
use visord_config::{Config, Diff, GroupConfig, Loaded, ProcessConfig};
use visord_model::event::Stream;
use visord_model::fault::{Fault, FaultCode};
use visord_model::name::ProcessName;

use super::{Later, Supervisor};
use crate::messages::supervisor::ConfiguredGroup;

impl Supervisor {
    /// Run the loader where it may block.
    pub(super) fn load(&self) -> impl Future<Output = Result<Loaded, String>> + 'static {
        let loader = self.parts.loader.clone();
        let reading = &self.queues.reading;
        let loading = reading.run(&self.deps.workshop, move || loader());
        async move {
            match loading.await {
                Ok(result) => result.map_err(|error| error.outline()),
                Err(not_done) => Err(format!("the configuration could not be read: {not_done}")),
            }
        }
    }

    /// Load, and try what a restart would do. The error is a part of a sentence, and why.
    pub(super) fn rehearse(
        &self,
    ) -> impl Future<Output = Result<Loaded, (&'static str, String)>> + 'static {
        let loaded = self.load();
        let rehearsal = self.parts.rehearsal.clone();
        let (spawner, queue) = (self.deps.workshop.clone(), self.queues.rehearsing.clone());
        async move {
            let invalid = |reason| ("the configuration is not valid", reason);
            let loaded = loaded.await.map_err(invalid)?;
            let loaded = loaded
                .startable()
                .map_err(|error| invalid(error.outline()))?;
            let tried = queue.run(&spawner, move || rehearsal(&loaded.config).map(|()| loaded));
            match tried.await {
                Ok(tried) => tried.map_err(|reason| ("it would fail", reason)),
                Err(not_done) => Err(("it could not be tried", not_done.to_string())),
            }
        }
    }

    pub(super) fn last_loaded(&self, name: &str) -> Option<&GroupConfig> {
        let mut groups = self.parts.config.groups.iter();
        groups.find(|group| group.name == name)
    }

    /// One that is not active. What is active but no longer configured is BAD_NAME, as in the
    /// original.
    pub(super) fn configured(&self, name: &str) -> Result<GroupConfig, Fault> {
        let found = self.last_loaded(name);
        let found = found.ok_or_else(|| FaultCode::BadName.about_group(name))?;
        if self.roster.group(name).is_some() {
            return Err(FaultCode::AlreadyAdded.about_group(name));
        }
        Ok(found.clone())
    }

    pub(super) fn reload_config(&self) -> Later<Diff> {
        let loaded = self.load().into_actor(self);
        Box::pin(loaded.map(|loaded, act, _ctx| match loaded {
            Ok(Loaded {
                config,
                listing,
                templates,
                ..
            }) => {
                act.parts.listing.send_replace(Arc::new(listing));
                act.parts.templates = templates;
                Ok(act.compare(config))
            }
            Err(reason) => Err(FaultCode::CantReread.about(reason)),
        }))
    }

    /// Keep the new groups for `addProcessGroup`; what runs, and every path and name of the
    /// running daemon, stays (differences C29, Q22).
    fn compare(&mut self, config: Config) -> Diff {
        let active = self.roster.groups.iter();
        // an update brings those back that are about to be removed
        let active = active.map(|group| {
            let mut config = group.config.clone();
            config
                .processes
                .retain(|it| !self.is_obsolete(&config.name, it));
            config
        });
        let active: Vec<GroupConfig> = active.collect();
        let diff = visord_config::diff(&active, &config.groups);
        self.parts.config.groups = config.groups;
        diff
    }

    pub(super) fn configured_groups(&self) -> Vec<ConfiguredGroup> {
        let groups = self.parts.config.groups.iter();
        groups.map(|config| self.configured_group(config)).collect()
    }

    fn configured_group(&self, config: &GroupConfig) -> ConfiguredGroup {
        let active = self.roster.group(&config.name);
        // names made for AUTO show only while the very configuration that got them is the
        // last loaded one (spec interfaces 3.4)
        let processes = active.into_iter().flat_map(|group| &group.config.processes);
        let running: BTreeSet<_> = processes.map(Arc::as_ptr).collect();
        let path = |process: &Arc<ProcessConfig>, stream: Stream| {
            let name = ProcessName::new(&*config.name, &*process.name);
            let path = self.parts.auto_logs.get(&(name, stream))?;
            let is_running = running.contains(&Arc::as_ptr(process));
            is_running.then(|| path.to_string_lossy().into_owned())
        };
        ConfiguredGroup {
            config: config.clone(),
            in_use: active.is_some(),
            resolved: config
                .processes
                .iter()
                .map(|process| (path(process, Stream::Stdout), path(process, Stream::Stderr)))
                .collect(),
        }
    }
}
