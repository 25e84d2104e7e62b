//! `[rpcinterface:supvisors]` (spec cluster 1.2 to 1.4).
//!
//! Most options with a bad value are reported in the activity log and have their default then; a
//! few end the daemon.

mod convert;
mod files;

use std::collections::BTreeSet;
use std::time::Duration;

use visord_cluster::options::Options;
use visord_cluster::strategy::{
    ClusterFailureStrategy, ConciliationStrategy, StartingStrategy, SyncOption,
};
use visord_model::log_line::Level;

use crate::context::{Context, Reader};
use crate::rpcinterface::{self, SUPVISORS as SECTION, SUPVISORS_FACTORY};
use crate::types::{
    EventLink, HttpConfig, ListenAddress, Multicast, StatisticsConfig, SupvisorsConfig,
    SupvisorsLog,
};
use crate::value::{parse_bool, parse_bytes, parse_int, parse_loglevel};

/// What is said first when an instance cannot be made.
const FAILURE: &str = "Could not make supvisors rpc interface";

/// The options, if there is such a section with the factory of the original, and a server: without
/// one the original makes no interface.
pub(crate) fn read(context: &Context<'_>, servers: &[HttpConfig]) -> Option<SupvisorsConfig> {
    if servers.is_empty() {
        return None;
    }
    check_server(context, servers);
    let section = context.document.section(SECTION)?;
    let options = &Instance(context.reader(section).bare());
    if options.0.raw(rpcinterface::FACTORY)? != SUPVISORS_FACTORY {
        return None;
    }
    let log = options.log();
    let software_name = options.0.text("software_name").unwrap_or_default();
    let software_icon = options.icon();
    let instances = options.instances();
    let stereotypes = options.names("stereotypes");
    let multicast = options.multicast();
    let rules_files = options.files("rules_files");
    let css_files = options.files("css_files").unwrap_or_default();
    let event_link = options.kept("event_link", EventLink::None, convert::event_link);
    let event_port = options.kept("event_port", None, |text| convert::port(text).map(Some));
    let mut rules = options.rules();
    rules.stereotypes = stereotypes;
    rules.discovery = multicast.is_some();
    let disabilities_file = options.disabilities_file();
    let statistics = options.statistics();
    let limit = |key| options.kept(key, 1024, |text| parse_bytes(text).map(i64::unsigned_abs));
    let (tail_limit, tailf_limit) = (limit("tail_limit"), limit("tailf_limit"));
    options.make_consistent(&mut rules);
    Some(SupvisorsConfig {
        software_name,
        software_icon,
        instances: instances?,
        multicast,
        options: rules,
        rules_files,
        css_files,
        event_link,
        event_port,
        disabilities_file,
        statistics,
        tail_limit,
        tailf_limit,
        log: log?,
    })
}

/// An instance is reached over the network: it needs an inet server (spec cluster 1.1).
fn check_server(context: &Context<'_>, servers: &[HttpConfig]) {
    let is_inet = |it: &HttpConfig| matches!(it.address, ListenAddress::Inet { .. });
    if let Some(section) = context.document.section(SECTION)
        && !servers.iter().any(is_inet)
    {
        let file = section.place.file.display();
        context.reader(section).fail_section(&format!(
            "{FAILURE}: Supervisor MUST be configured using inet_http_server: {file}"
        ));
    }
}

struct Instance<'a>(Reader<'a>);

impl Instance<'_> {
    /// A value, or its default and an error in the activity log.
    fn kept<T>(&self, key: &str, default: T, convert: impl FnOnce(&str) -> Result<T, String>) -> T {
        let converted = self.0.written(key, |text| Ok(convert(text)));
        match converted {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(message)) => {
                self.report(
                    Level::Error,
                    key,
                    &format!("{message}; the default is used"),
                );
                default
            }
        }
    }

    /// A line of the activity log about a key.
    fn report(&self, level: Level, key: &str, message: &str) {
        let place = self.0.place_of(key);
        let text = format!("{place}: [{SECTION}] {key}: {message}");
        self.0.context.remark(level, text);
    }

    /// A value without which the daemon does not start.
    fn fatal<T>(&self, key: &str, message: &str) -> Option<T> {
        self.0.fail(key, format!("{FAILURE}: {message}"));
        None
    }

    fn names(&self, key: &str) -> Vec<std::sync::Arc<str>> {
        let text = self.0.text(key).unwrap_or_default();
        convert::items(&text).into_iter().map(Into::into).collect()
    }

    fn instances(&self) -> Option<Vec<crate::types::InstanceItem>> {
        let text = self.0.text("supvisors_list").unwrap_or_default();
        let items = convert::items(&text).into_iter().map(|item| {
            convert::instance(item).or_else(|| {
                let message =
                    format!("could not define a Supvisors identification from \"{item}\"");
                self.fatal("supvisors_list", &message)
            })
        });
        // every bad item is reported
        let items: Vec<_> = items.collect();
        items.into_iter().collect()
    }

    fn multicast(&self) -> Option<Multicast> {
        let group = self.kept("multicast_group", None, |text| {
            convert::multicast_group(text).map(Some)
        });
        let interface = self.kept("multicast_interface", None, convert::interface);
        let ttl = self.kept("multicast_ttl", 1, convert::ttl);
        group.map(|(group, port)| Multicast {
            group,
            port,
            interface,
            ttl,
        })
    }

    fn rules(&self) -> Options {
        let default_sync =
            || BTreeSet::from([SyncOption::Strict, SyncOption::Timeout, SyncOption::Core]);
        let limits = |name, range| move |text: &str| convert::within(name, text, range);
        Options {
            auto_fence: self.kept("auto_fence", false, parse_bool),
            synchro_options: self.kept("synchro_options", default_sync(), convert::synchro),
            synchro_timeout: Duration::from_secs(self.kept("synchro_timeout", 15, |text| {
                limits("synchro_timeout", (0, 1200))(text).map_err(|it| it + " (seconds)")
            })),
            inactivity_ticks: u32::try_from(self.kept(
                "inactivity_ticks",
                2,
                limits("inactivity_ticks", (2, 720)),
            ))
            .unwrap_or(2),
            core_identifiers: self.names("core_identifiers"),
            conciliation_strategy: self.kept(
                "conciliation_strategy",
                ConciliationStrategy::User,
                |text| convert::word("conciliation_strategy", text, &ConciliationStrategy::ALL),
            ),
            starting_strategy: self.kept("starting_strategy", StartingStrategy::Config, |text| {
                convert::word("starting_strategy", text, &StartingStrategy::ALL)
            }),
            failure_strategy: self.kept(
                "supvisors_failure_strategy",
                ClusterFailureStrategy::Continue,
                |text| {
                    convert::word(
                        "supvisors_failure_strategy",
                        text,
                        &ClusterFailureStrategy::ALL,
                    )
                },
            ),
            discovery: false,
            stereotypes: Vec::new(),
        }
    }

    /// Options that exclude each other (spec cluster 1.4).
    fn make_consistent(&self, rules: &mut Options) {
        let sync = &mut rules.synchro_options;
        if rules.core_identifiers.is_empty() && sync.remove(&SyncOption::Core) {
            let message = "cancellation of synchro_options CORE with no core_identifiers";
            self.report(Level::Warn, "synchro_options", message);
        }
        if sync.is_empty() {
            self.fatal::<()>("synchro_options", "synchro_options shall not be empty");
        }
        if sync.contains(&SyncOption::Timeout)
            && rules.failure_strategy != ClusterFailureStrategy::Continue
        {
            let message = "force supvisors_failure_strategy=CONTINUE because it is incompatible \
                           with synchro_options=TIMEOUT";
            self.report(Level::Warn, "supvisors_failure_strategy", message);
            rules.failure_strategy = ClusterFailureStrategy::Continue;
        }
    }

    fn statistics(&self) -> StatisticsConfig {
        let (host, processes) = self.kept("stats_enabled", (true, true), convert::statistics);
        let seconds = Duration::from_secs_f64;
        StatisticsConfig {
            host,
            processes,
            period: self.kept("stats_collecting_period", seconds(5.0), |text| {
                convert::period("stats_collecting_period", text)
            }),
            periods: self.kept("stats_periods", vec![seconds(10.0)], convert::periods),
            history: u32::try_from(self.kept("stats_histo", 200, |text| {
                convert::within("stats_histo", text, (10, 1500)).map_err(|it| it + " (seconds)")
            }))
            .unwrap_or(200),
            irix_mode: self.kept("stats_irix_mode", false, parse_bool),
        }
    }

    /// `None` after a bad value; the inner `None` is AUTO.
    fn log(&self) -> Option<Option<SupvisorsLog>> {
        let reader = &self.0;
        let loud = |message: String| format!("{FAILURE}: {message}");
        let size = |key, default: i64| {
            let written = reader.raw(key).is_some();
            let value = reader.written(key, |text| parse_bytes(text).map_err(loud));
            value.or((!written).then_some(default))
        };
        let maxbytes = size("logfile_maxbytes", 50 << 20);
        let backups = reader.written("logfile_backups", |text| parse_int(text).map_err(loud));
        let backups = backups.or(reader.raw("logfile_backups").is_none().then_some(10));
        let level = reader.written("loglevel", |text| parse_loglevel(text).map_err(loud));
        let level = level.or(reader.raw("loglevel").is_none().then_some(Level::Info));
        let file = self.log_file()?;
        let (maxbytes, backups, level) = (maxbytes?, backups?, level?);
        Some(file.map(|path| SupvisorsLog {
            path,
            maxbytes,
            backups,
            level,
        }))
    }
}
