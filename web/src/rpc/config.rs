//! Groups and their configuration (spec interfaces 3.4).

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use visord_actors::messages::supervisor::{ConfiguredGroup, Reread, Updated};
use visord_config::{ChannelConfig, GroupConfig, LogTarget, ProcessConfig, Secret};
use visord_xmlrpc::writer::StructWriter;
use visord_xmlrpc::{Slot, WriteXml, Written};

use super::method::{
    Args, Method, Outcome, Param, Reply, Returns, Right, Run, optional, param, returns,
};
use crate::state::AppState;

const GROUP: Param = param("string", "name", "the group");
const DONE: Returns = returns("boolean", "result", "true, unless there is a fault");

/// The methods.
pub const METHODS: &[Method] = &[
    method(
        "getAllConfigInfo",
        Right::Operate,
        "What the last loaded configuration says of every process, by name.",
        &[],
        returns("array", "configs", "one struct for each process"),
        all_config_info,
    ),
    method(
        "reloadConfig",
        Right::Admin,
        "Read the configuration again and tell what differs; nothing that runs is touched.",
        &[],
        returns(
            "array",
            "difference",
            "[[added, changed, removed]], each an array of group names",
        ),
        reload_config,
    ),
    method(
        "addProcessGroup",
        Right::Admin,
        "Activate a group of the last loaded configuration.",
        &[GROUP],
        DONE,
        add_group,
    ),
    method(
        "removeProcessGroup",
        Right::Admin,
        "Deactivate a group whose processes are all stopped.",
        &[GROUP],
        DONE,
        remove_group,
    ),
    Method {
        listed: false,
        ..method(
            "updateProcessGroup",
            Right::Admin,
            "Make a group what the last loaded configuration says: stop and start only \
             processes whose settings differ, add what is new, remove what is gone.",
            &[
                GROUP,
                optional(
                    "boolean",
                    "dry_run",
                    "only tell what would happen (default false)",
                ),
            ],
            returns(
                "array",
                "processes",
                "a struct for each process: name, group, action (kept, restarted, added or \
                 removed), stops (it runs and is stopped for that), starts (it starts by \
                 itself afterwards)",
            ),
            update_group,
        )
    },
];

const fn method(
    name: &'static str,
    right: Right,
    summary: &'static str,
    params: &'static [Param],
    returns: Returns,
    run: fn(Arc<AppState>, Args) -> LocalBoxFuture<'static, Outcome>,
) -> Method {
    Method {
        name,
        summary,
        params,
        returns,
        right,
        gated: true,
        listed: true,
        run: Run::Later(run),
    }
}

fn add_group(state: Arc<AppState>, args: Args) -> LocalBoxFuture<'static, Outcome> {
    async move {
        state.link.add_group(args.text(0)?.to_owned()).await?;
        Ok(Reply::done())
    }
    .boxed_local()
}

fn remove_group(state: Arc<AppState>, args: Args) -> LocalBoxFuture<'static, Outcome> {
    async move {
        state.link.remove_group(args.text(0)?.to_owned()).await?;
        Ok(Reply::done())
    }
    .boxed_local()
}

fn update_group(state: Arc<AppState>, args: Args) -> LocalBoxFuture<'static, Outcome> {
    async move {
        let dry_run = args.0.len() > 1 && args.flag_or_true(1);
        let name = args.text(0)?.to_owned();
        let processes = state.link.update_group(name, dry_run).await?;
        let size = SIZE_OF_UPDATE * processes.len();
        Ok(Reply::sized(Update(processes), size))
    }
    .boxed_local()
}

/// About how much XML the update of one process takes.
const SIZE_OF_UPDATE: usize = 450;

struct Update(Vec<Updated>);

impl WriteXml for Update {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        slot.array(|out| {
            for process in &self.0 {
                out.item_with(|slot| {
                    slot.structure(|out| {
                        out.member("name", &process.name);
                        out.member("group", &process.group);
                        out.member("action", process.fate.word());
                        out.member("stops", &process.stops);
                        out.member("starts", &process.starts);
                    })
                });
            }
        })
    }
}

fn reload_config(state: Arc<AppState>, _: Args) -> LocalBoxFuture<'static, Outcome> {
    async move { Ok(Reply::of(Difference(state.link.reload_config().await?))) }.boxed_local()
}

/// `[[added, changed, removed]]`.
struct Difference(Reread);

impl WriteXml for Difference {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        let Reread {
            added,
            changed,
            removed,
        } = &self.0;
        slot.array(|outer| {
            outer.item_with(|slot| {
                slot.array(|inner| {
                    [added, changed, removed]
                        .iter()
                        .for_each(|n| inner.item(*n))
                })
            });
        })
    }
}

fn all_config_info(state: Arc<AppState>, _: Args) -> LocalBoxFuture<'static, Outcome> {
    async move {
        let groups = state.link.get_config().await?;
        let count: usize = groups
            .iter()
            .map(|group| group.config.processes.len())
            .sum();
        Ok(Reply::sized(Configs(groups), SIZE_OF_CONFIG * count))
    }
    .boxed_local()
}

/// About how much XML one process takes.
const SIZE_OF_CONFIG: usize = 2600;

struct Configs(Vec<ConfiguredGroup>);

impl WriteXml for Configs {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        let mut rows: Vec<Row<'_>> = self.0.iter().flat_map(rows).collect();
        // stable: processes of one name stay in the order of their groups
        rows.sort_by(|a, b| a.process.name.cmp(&b.process.name));
        slot.array(|out| rows.iter().for_each(|row| out.item(row)))
    }
}

fn rows(group: &ConfiguredGroup) -> impl Iterator<Item = Row<'_>> {
    let processes = group.config.processes.iter().enumerate();
    processes.map(|(at, process)| {
        let (stdout, stderr) = group
            .resolved
            .get(at)
            .map_or((None, None), |(out, err)| (out.as_deref(), err.as_deref()));
        Row {
            group: &group.config,
            in_use: group.in_use,
            process,
            stdout,
            stderr,
        }
    })
}

/// One process of the configuration, with the names of its AUTO logs once they have some.
struct Row<'a> {
    group: &'a GroupConfig,
    in_use: bool,
    process: &'a ProcessConfig,
    stdout: Option<&'a str>,
    stderr: Option<&'a str>,
}

impl WriteXml for Row<'_> {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        let process = self.process;
        let policy = &process.policy;
        slot.structure(|out| {
            out.member("autostart", &policy.autostart);
            out.member("directory", or_none(process.directory.as_deref()));
            match &process.user {
                Some(account) => out.member("uid", &account.uid),
                None => out.member("uid", "none"),
            }
            out.member("command", &process.command);
            out.member("exitcodes", &policy.exitcodes);
            out.member("group", &self.group.name);
            out.member("group_prio", &self.group.priority);
            out.member("inuse", &self.in_use);
            out.member("killasgroup", &policy.killasgroup);
            out.member("name", &process.name);
            out.member("process_prio", &process.priority);
            out.member("redirect_stderr", &process.redirect_stderr);
            out.member("startretries", &policy.startretries);
            out.member("startsecs", &policy.startsecs);
            channel(out, "stdout", &process.stdout, self.stdout);
            out.member("stopsignal", &policy.stopsignal.number());
            out.member("stopwaitsecs", &policy.stopwaitsecs);
            channel(out, "stderr", &process.stderr, self.stderr);
            let serverurl = process.serverurl.as_ref().map(Secret::as_shown_url);
            out.member("serverurl", or_none(serverurl.as_deref()));
        })
    }
}

/// What is not set is the text `none`.
fn or_none(value: Option<&str>) -> &str {
    value.unwrap_or("none")
}

fn channel(out: &mut StructWriter<'_>, name: &str, config: &ChannelConfig, resolved: Option<&str>) {
    let path = match &config.logfile {
        LogTarget::Auto => resolved.unwrap_or("auto"),
        LogTarget::None => "none",
        LogTarget::File(path) => path,
    };
    let key = |setting: &str| format!("{name}_{setting}");
    out.member(&key("capture_maxbytes"), &config.capture_maxbytes);
    out.member(&key("events_enabled"), &config.events_enabled);
    out.member(&key("logfile"), path);
    out.member(&key("logfile_backups"), &config.backups);
    out.member(&key("logfile_maxbytes"), &config.maxbytes);
    out.member(&key("syslog"), &config.syslog);
}
