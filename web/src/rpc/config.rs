//! Groups and their configuration (spec interfaces 3.4).

use std::iter::repeat;
use std::sync::Arc;

use visord_actors::messages::supervisor::ConfiguredGroup;
use visord_config::{ChannelConfig, LogTarget, ProcessConfig, Secret};
use visord_xmlrpc::writer::StructWriter;

use super::method::{Args, GROUP, Method, admin, later, operate, optional};
use super::reply::{Outcome, Reply};
use crate::state::AppState;

/// The methods.
pub const METHODS: &[Method] = &[
    operate("getAllConfigInfo", later!(all_config_info))
        .help("What the last loaded configuration says of every process, by name.")
        .returns("array configs one struct for each process"),
    admin("reloadConfig", later!(reload_config))
        .help("Read the configuration again and tell what differs; nothing that runs is touched.")
        .returns("array difference [[added, changed, removed]], each an array of group names"),
    admin("addProcessGroup", later!(add_group))
        .help("Activate a group of the last loaded configuration.")
        .takes(&[GROUP]),
    admin("removeProcessGroup", later!(remove_group))
        .help("Deactivate a group whose processes are all stopped.")
        .takes(&[GROUP]),
    admin("updateProcessGroup", later!(update_group))
        .help(
            "Make a group what the last loaded configuration says: stop and start only \
             processes whose settings differ, add what is new, remove what is gone.",
        )
        .takes(&[
            GROUP,
            optional("boolean dry_run only tell what would happen (default false)"),
        ])
        .returns(
            "array processes a struct for each process: name, group, action (kept, restarted, \
             added or removed), stops (it runs and is stopped for that), starts (it starts by \
             itself afterwards)",
        )
        .unlisted(),
];

async fn add_group(state: Arc<AppState>, args: Args) -> Outcome {
    let done = state.link.add_group(args.text(0)?.to_owned()).await;
    done.map(Reply::done)
}

async fn remove_group(state: Arc<AppState>, args: Args) -> Outcome {
    let done = state.link.remove_group(args.text(0)?.to_owned()).await;
    done.map(Reply::done)
}

async fn update_group(state: Arc<AppState>, args: Args) -> Outcome {
    let dry_run = args.0.len() > 1 && args.flag_or_true(1);
    let name = args.text(0)?.to_owned();
    let processes = state.link.update_group(name, dry_run).await?;
    Ok(Reply::structs(450, processes, |process, out| {
        out.member("name", &*process.name.process);
        out.member("group", &*process.name.group);
        out.member("action", process.fate.word());
        out.member("stops", &process.stops);
        out.member("starts", &process.starts);
    }))
}

async fn reload_config(state: Arc<AppState>, _: Args) -> Outcome {
    let diff = state.link.reload_config().await?;
    let difference = vec![diff.added, diff.changed, diff.removed];
    Ok(Reply::of(vec![difference]))
}

/// About how much XML one process takes.
const SIZE: usize = 2600;

async fn all_config_info(state: Arc<AppState>, _: Args) -> Outcome {
    let groups = state.link.get_config().await?;
    let count: usize = groups.iter().map(|it| it.config.processes.len()).sum();
    Ok(Reply::sized(SIZE * count, move |slot| {
        let mut rows: Vec<_> = groups.iter().flat_map(rows).collect();
        // stable: processes of one name stay in the order of their groups
        rows.sort_by(|(_, a, _), (_, b, _)| a.name.cmp(&b.name));
        slot.array(|out| {
            for (group, process, logs) in rows {
                out.item_with(|slot| slot.structure(|out| write(out, group, process, logs)));
            }
        })
    }))
}

/// The names of AUTO logs (stdout, stderr), once they have some.
type AutoLogs = (Option<String>, Option<String>);

/// Each process of a group with its logs.
fn rows(
    group: &ConfiguredGroup,
) -> impl Iterator<Item = (&ConfiguredGroup, &ProcessConfig, &AutoLogs)> {
    let logs = group.resolved.iter().chain(repeat(&(None, None)));
    let processes = group.config.processes.iter().zip(logs);
    processes.map(move |(process, logs)| (group, &**process, logs))
}

fn write(
    out: &mut StructWriter<'_>,
    group: &ConfiguredGroup,
    process: &ProcessConfig,
    logs: &AutoLogs,
) {
    let policy = &process.policy;
    out.member("autostart", &policy.autostart);
    out.member("directory", or_none(process.directory.as_deref()));
    match &process.user {
        Some(uid) => out.member("uid", uid),
        None => out.member("uid", "none"),
    }
    out.member("command", &process.command);
    out.member("exitcodes", &policy.exitcodes);
    out.member("group", &group.config.name);
    out.member("group_prio", &group.config.priority);
    out.member("inuse", &group.in_use);
    out.member("killasgroup", &policy.killasgroup);
    out.member("name", &process.name);
    out.member("process_prio", &process.priority);
    out.member("redirect_stderr", &process.redirect_stderr);
    out.member("startretries", &policy.startretries);
    out.member("startsecs", &policy.startsecs);
    channel(out, "stdout", &process.stdout, logs.0.as_deref());
    out.member("stopsignal", &policy.stopsignal.number());
    out.member("stopwaitsecs", &policy.stopwaitsecs);
    channel(out, "stderr", &process.stderr, logs.1.as_deref());
    let serverurl = process.serverurl.as_ref().map(Secret::as_shown_url);
    out.member("serverurl", or_none(serverurl.as_deref()));
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
    out.member(&key("logfile_backups"), &config.file.backups);
    out.member(&key("logfile_maxbytes"), &config.file.maxbytes);
    out.member(&key("syslog"), &config.syslog);
}
