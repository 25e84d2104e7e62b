//! The start after a restart. The daemon ends only when it is told to, so whatever fails here, in
//! spite of the rehearsal, is said in the log, and the old log and the old servers stay.

use std::process;

use visord_actors::log::{ActivityLog, emit};
use visord_actors::signals::hold_signals;
use visord_actors::supervisor::AutoLogs;
use visord_config::{Config, HttpConfig};
use visord_model::log_line::{Level, LogLine};
use visord_web::listen::{Bound, bind_one, is_in_the_way, is_same_place};

use super::pidfile::Pidfile;
use super::privileges::become_user;
use super::start::{Running, open_log, prepare_logs, probe_sockets};

/// Says sentences in the activity log.
type Say<'a> = &'a dyn Fn(&[LogLine]);

/// Same process, same session, same limits: everything else is as at the first start.
pub(super) fn up(config: &Config, old: Running, ahead: Vec<Bound>) -> Running {
    if let Some(pidfile) = old.pidfile {
        pidfile.remove();
    }
    let mut remarks = become_user(&config.server).unwrap_or_else(|error| vec![failure(error)]);
    remarks.extend(config.remarks.iter().cloned());
    let activity = log(config, old.activity, &mut remarks);
    // CRIT first, then WARN, then INFO
    remarks.sort_by_key(|line| line.level);
    let logger = activity.logger();
    let say = |lines: &[LogLine]| lines.iter().for_each(|line| emit(&logger, line));
    say(&remarks);
    let bound = servers(&config.http, old.bound, ahead, &say);
    let auto_logs = prepare_logs(config, &say).unwrap_or_else(|error| {
        say(&[failure(error)]);
        AutoLogs::new()
    });
    probe_sockets(config, &say);
    say(&visord_web::server::startup_lines(
        &config.http,
        &config.rpc_interfaces,
    ));
    hold_signals();
    let (pidfile, line) = Pidfile::write(&config.server.pidfile, process::id());
    say(&[line]);
    Running {
        readiness: None,
        activity,
        bound,
        auto_logs,
        pidfile,
    }
}

fn failure(error: impl std::fmt::Display) -> LogLine {
    LogLine::new(Level::Critical, format!("going on in spite of it: {error}"))
}

/// The new log, or the old one.
fn log(config: &Config, old: ActivityLog, remarks: &mut Vec<LogLine>) -> ActivityLog {
    // what it has queued comes before anything new
    old.stop_threads();
    open_log(config).unwrap_or_else(|error| {
        remarks.push(failure(error));
        old
    })
}

/// Every configured server: one that is open already stays open, others come to the places of
/// old ones. Where nothing else is left the old ones stay, so that somebody can be told.
fn servers(
    http: &[HttpConfig],
    mut old: Vec<Bound>,
    mut ahead: Vec<Bound>,
    say: Say<'_>,
) -> Vec<Bound> {
    let mut bound = Vec::with_capacity(http.len());
    for config in http {
        let open = take(&mut ahead, config).or_else(|| take(&mut old, config));
        match open {
            Some(mut open) => {
                if let Err(error) = open.renew(config) {
                    let section = &config.section;
                    say(&[failure(format!("TLS of [{section}]: {error}"))]);
                }
                bound.push(open);
            }
            None => bound.extend(replace(config, &mut old, say)),
        }
    }
    if bound.is_empty() && !http.is_empty() {
        bound.append(&mut old);
    }
    for useless in old.iter().chain(&ahead) {
        useless.unlink();
    }
    bound
}

fn take(from: &mut Vec<Bound>, config: &HttpConfig) -> Option<Bound> {
    let mut places = from.iter();
    let place = places.position(|bound| is_same_place(&bound.config, config))?;
    Some(from.remove(place))
}

/// Open a server, if need be in the place of an old one; if that fails, the old one again.
fn replace(config: &HttpConfig, old: &mut Vec<Bound>, say: Say<'_>) -> Option<Bound> {
    let mut places = old.iter();
    let rival = places.position(|bound| is_in_the_way(&bound.config, config));
    let rival = rival.map(|place| {
        let rival = old.remove(place);
        rival.unlink();
        rival.config
    });
    let error = match bind_one(config) {
        Ok(bound) => return Some(bound),
        Err(error) => error,
    };
    say(&[failure(format!("[{}]: {error}", config.section))]);
    match bind_one(&rival?) {
        Ok(bound) => Some(bound),
        Err(error) => {
            say(&[failure(format!("the server before it: {error}"))]);
            None
        }
    }
}
