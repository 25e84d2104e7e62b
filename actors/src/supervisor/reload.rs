//! Reading the configuration again, and what the last loaded one says.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::{ActorFutureExt, Handler, ResponseActFuture, WrapFuture};
use visord_config::{Config, GroupConfig, Loaded, ProcessConfig};
use visord_model::event::Stream;
use visord_model::fault::{Fault, FaultCode};

use super::Supervisor;
use crate::messages::supervisor::{Answer, ConfiguredGroup, GetConfig, ReloadConfig, Reread};

impl Supervisor {
    /// Run the loader where it may block.
    pub(super) fn load(&self) -> impl Future<Output = Result<Loaded, String>> + 'static {
        let loader = self.loader.clone();
        let loading = self
            .lanes
            .reading
            .run(&self.world.workshop, move || loader());
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
        let rehearsal = self.rehearsal.clone();
        let (workshop, lane) = (self.world.workshop.clone(), self.lanes.rehearsing.clone());
        async move {
            let invalid = |reason| ("the configuration is not valid", reason);
            let loaded = loaded.await.map_err(invalid)?;
            let loaded = loaded
                .startable()
                .map_err(|error| invalid(error.outline()))?;
            let tried = lane.run(&workshop, move || {
                rehearsal(&loaded.config).map(|()| loaded)
            });
            match tried.await {
                Ok(tried) => tried.map_err(|reason| ("it would fail", reason)),
                Err(not_done) => Err(("it could not be tried", not_done.to_string())),
            }
        }
    }

    /// A group of the last loaded configuration that is not active. What is active but no
    /// longer configured is BAD_NAME, as in the original.
    pub(super) fn configured(&self, name: &str) -> Result<GroupConfig, Fault> {
        let found = self.config.groups.iter().find(|group| group.name == name);
        let found = found.ok_or_else(|| FaultCode::BadName.about(name))?;
        if self.roster.group(name).is_some() {
            return Err(FaultCode::AlreadyAdded.about(name));
        }
        Ok(found.clone())
    }
}

impl Handler<ReloadConfig> for Supervisor {
    type Result = ResponseActFuture<Self, Answer<Reread>>;

    fn handle(&mut self, _msg: ReloadConfig, _ctx: &mut Self::Context) -> Self::Result {
        if let Err(fault) = self.gate() {
            return Box::pin(actix::fut::ready(Err(fault)));
        }
        let loaded = self.load();
        Box::pin(
            loaded
                .into_actor(self)
                .map(|loaded, act, _ctx| match loaded {
                    Ok(Loaded {
                        config, listing, ..
                    }) => {
                        act.listing.send_replace(Arc::new(listing));
                        Ok(act.compare(config))
                    }
                    Err(reason) => Err(FaultCode::CantReread.about(reason)),
                }),
        )
    }
}

impl Supervisor {
    /// Keep the new groups for `addProcessGroup`; what runs, and every path and name of the
    /// running daemon, stays (decisions C29, Q22).
    fn compare(&mut self, config: Config) -> Reread {
        let active: Vec<GroupConfig> = self
            .roster
            .groups
            .iter()
            .map(|group| group.config.clone())
            .collect();
        let diff = visord_config::diff(&active, &config.groups);
        self.config.groups = config.groups;
        Reread {
            added: diff.added,
            changed: diff.changed,
            removed: diff.removed,
        }
    }
}

impl Handler<GetConfig> for Supervisor {
    type Result = Answer<Vec<ConfiguredGroup>>;

    fn handle(&mut self, _msg: GetConfig, _ctx: &mut Self::Context) -> Self::Result {
        self.gate()?;
        let groups = self.config.groups.iter();
        Ok(groups.map(|config| self.configured_group(config)).collect())
    }
}

impl Supervisor {
    fn configured_group(&self, config: &GroupConfig) -> ConfiguredGroup {
        let active = self.roster.group(&config.name);
        // names made for AUTO show only while the very configuration that got them is the
        // last loaded one (spec interfaces 3.4)
        let running: BTreeMap<&str, &Arc<ProcessConfig>> = active
            .into_iter()
            .flat_map(|group| &group.config.processes)
            .map(|process| (process.name.as_str(), process))
            .collect();
        let path = |process: &Arc<ProcessConfig>, stream: Stream| {
            let running = running.get(process.name.as_str())?;
            let key = (config.name.clone(), process.name.clone(), stream);
            let path = self.auto_logs.get(&key);
            let path = path.filter(|_| Arc::ptr_eq(running, process))?;
            Some(path.to_string_lossy().into_owned())
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
