//! `[rpcinterface:supvisors]` (spec cluster 1.2 to 1.4).

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use visord_cluster::strategy::{ClusterFailureStrategy, StartingStrategy, SyncOption};
use visord_model::log_line::Level;

use super::{Place, config, messages};
use crate::{EventLink, InstanceItem, SupvisorsConfig};

const SERVER: &str = "[supervisord]\n[inet_http_server]\nport=127.0.0.1:9001\n";
const SECTION: &str = "[rpcinterface:supvisors]\n\
                       supervisor.rpcinterface_factory=supvisors.plugin:make_supvisors_rpcinterface\n";

fn file(options: &str) -> String {
    format!("{SERVER}{SECTION}{options}\n")
}

fn instance(options: &str) -> SupvisorsConfig {
    config(&file(options)).supvisors.expect("an instance")
}

/// Lines of the activity log about options, with their levels.
fn remarks(options: &str) -> Vec<(Level, String)> {
    let config = config(&file(options));
    let lines = config.remarks.into_iter();
    let lines = lines.filter(|line| line.text.contains("[rpcinterface:supvisors]"));
    lines.map(|line| (line.level, line.text)).collect()
}

/// Problems that keep a daemon from starting.
fn fatal(text: &str) -> Vec<String> {
    let loaded = Place::with(text).check();
    let problems = loaded.outcome.expect_err("a problem").problems;
    problems.into_iter().map(|it| it.message).collect()
}

#[test]
fn defaults() {
    let it = instance("");
    let sync = [SyncOption::Strict, SyncOption::Timeout];
    assert_eq!(it.options.synchro_options, BTreeSet::from(sync));
    assert_eq!(it.options.synchro_timeout, Duration::from_secs(15));
    assert_eq!(it.options.inactivity_ticks, 2);
    assert_eq!(
        (it.instances, it.multicast, it.rules_files),
        (vec![], None, None)
    );
    assert_eq!(it.statistics.period, Duration::from_secs(5));
    assert_eq!(it.statistics.periods, [Duration::from_secs(10)]);
    assert!(it.statistics.host && it.statistics.processes && it.log.is_none());
    assert_eq!((it.tail_limit, it.tailf_limit), (1024, 1024));
    assert!(config("[supervisord]\n").supvisors.is_none());
}

/// An instance with options of all kinds.
fn with_many_options() -> SupvisorsConfig {
    instance(
        "supvisors_list = <one>n1:9001,, n2 ,<a-b:c.d_1>10.0.0.1:60000,n2\n\
         stereotypes = x, y,,x\nmulticast_group=239.1.0.1:7777\nmulticast_interface=ANY\n\
         event_link=ws\nevent_port=60002\nauto_fence=YES\nsynchro_options=user,Strict,USER\n\
         starting_strategy=less_loaded_node\nsupvisors_failure_strategy=resync\n\
         stats_enabled=host,off\nstats_periods=20, 5.5\nstats_histo=10\ntail_limit=2KB\n\
         software_name = my soft\ndisabilities_file=~/off.json\ncore_identifiers=one,two\n\
         tailf_limit=1KB\ncss_files=/no.css",
    )
}

#[test]
fn values() {
    let it = with_many_options();
    let item = |text: &str, nick: Option<&str>, host: &str, port| InstanceItem {
        text: text.to_owned(),
        nick: nick.map(str::to_owned),
        host: host.to_owned(),
        port,
    };
    assert_eq!(
        it.instances,
        [
            item("<one>n1:9001", Some("one"), "n1", Some(9001)),
            item("n2", None, "n2", None),
            item(
                "<a-b:c.d_1>10.0.0.1:60000",
                Some("a-b:c.d_1"),
                "10.0.0.1",
                Some(60000)
            ),
        ]
    );
    assert_eq!(it.options.stereotypes, ["x".into(), "y".into()]);
    let multicast = it.multicast.expect("a group");
    assert_eq!(
        (multicast.group, multicast.port),
        (Ipv4Addr::new(239, 1, 0, 1), 7777)
    );
    assert_eq!((multicast.interface, multicast.ttl), (None, 1));
    assert!(it.options.discovery && it.options.auto_fence);
    assert_eq!(
        (it.event_link, it.event_port),
        (EventLink::WebSocket, Some(60002))
    );
    let sync = BTreeSet::from([SyncOption::Strict, SyncOption::User]);
    assert_eq!(it.options.synchro_options, sync);
    assert_eq!(
        it.options.starting_strategy,
        StartingStrategy::LessLoadedNode
    );
    assert_eq!(it.options.failure_strategy, ClusterFailureStrategy::Resync);
    assert_eq!((it.statistics.host, it.statistics.processes), (true, false));
    let periods = [Duration::from_secs_f64(5.5), Duration::from_secs(20)];
    assert_eq!(it.statistics.periods, periods);
    assert_eq!(
        (it.statistics.history, it.tail_limit, it.tailf_limit),
        (10, 2048, 1024)
    );
    assert_eq!(it.software_name, "my soft");
    assert_eq!(
        it.disabilities_file,
        Some(PathBuf::from("/home/me/off.json"))
    );
    assert_eq!(it.options.core_identifiers, ["one".into(), "two".into()]);
    assert!(it.css_files.is_empty() && it.software_icon.is_none());
}

/// A value that is reported and has its default then, and the report.
const TOLERATED: [(&str, &str); 25] = [
    (
        "multicast_group=239.0.0.1",
        "invalid value for multicast_group: \"239.0.0.1\". \"ip_address:port\" expected",
    ),
    (
        "multicast_group=232.0.0.0:1",
        "reserved multicast address: \"232.0.0.0\". reserved addresses are ['224.0.0.0', '232.0.0.0', '233.0.0.0', '239.0.0.0']",
    ),
    (
        "multicast_group=240.0.0.1:80",
        "invalid value for multicast address: \"240.0.0.1\". IP address expected from 224.0.0.0 to 239.255.255.255",
    ),
    (
        "multicast_group=239.0.0.1:0",
        "invalid value for port: \"0\". integer expected in (1, 65535)",
    ),
    (
        "multicast_interface=1.2.3.256",
        "invalid value for IP address: \"1.2.3.256\"",
    ),
    (
        "multicast_ttl=256",
        "invalid value for multicast_ttl: \"256\". integer expected in (0, 255)",
    ),
    (
        "event_link=HTTP",
        "invalid value for event_link: \"HTTP\". expected in ['NONE', 'ZMQ', 'WS']",
    ),
    (
        "event_port=70000",
        "invalid value for port: \"70000\". integer expected in (1, 65535)",
    ),
    ("auto_fence=zz", "not a valid boolean value: 'zz'"),
    (
        "synchro_options=STRICT,FOO",
        "invalid value for synchro_options: \"FOO\". expected in ['STRICT', 'LIST', 'TIMEOUT', 'CORE', 'USER'])",
    ),
    (
        "synchro_timeout=1201",
        "invalid value for synchro_timeout: \"1201\". integer expected in [0;1200] (seconds)",
    ),
    (
        "synchro_timeout=1.5",
        "invalid value for synchro_timeout: \"1.5\". integer expected in [0;1200] (seconds)",
    ),
    (
        "inactivity_ticks=1",
        "invalid value for inactivity_ticks: \"1\". integer expected in [2;720]",
    ),
    (
        "conciliation_strategy=NONE",
        "invalid value for conciliation_strategy: \"NONE\". expected in ['SENICIDE', 'INFANTICIDE', 'USER', 'STOP', 'RESTART', 'RUNNING_FAILURE']",
    ),
    (
        "starting_strategy=FIRST",
        "invalid value for starting_strategy: \"FIRST\". expected in ['CONFIG', 'LESS_LOADED', 'MOST_LOADED', 'LOCAL', 'LESS_LOADED_NODE', 'MOST_LOADED_NODE']",
    ),
    (
        "supvisors_failure_strategy=STOP",
        "invalid value for supvisors_failure_strategy: \"STOP\". expected in ['CONTINUE', 'RESYNC', 'SHUTDOWN']",
    ),
    (
        "stats_enabled=SOME",
        "invalid value for stats_enabled: \"SOME\". expected in ['OFF', 'HOST', 'PROCESS', 'ALL']",
    ),
    ("stats_enabled=", "invalid value for stats_enabled: <empty>"),
    (
        "stats_collecting_period=0.5",
        "invalid value for stats_collecting_period: \"0.5\". float expected in [1.0;3600.0] (seconds)",
    ),
    (
        "stats_collecting_period=nan",
        "invalid value for stats_collecting_period: \"nan\". float expected in [1.0;3600.0] (seconds)",
    ),
    (
        "stats_periods=1,2,3,4",
        "unexpected number of stats_periods: 4. maximum is 3",
    ),
    (
        "stats_periods=",
        "unexpected number of stats_periods: 0. minimum is 1",
    ),
    (
        "stats_periods=5,x",
        "invalid value for stats_periods: \"x\". float expected in [1.0;3600.0] (seconds)",
    ),
    (
        "stats_histo=9",
        "invalid value for stats_histo: \"9\". integer expected in [10;1500] (seconds)",
    ),
    (
        "stats_irix_mode=maybe",
        "not a valid boolean value: 'maybe'",
    ),
];

#[test]
fn bad_values_are_reported_and_have_their_default() {
    let default = instance("");
    for (option, report) in TOLERATED {
        let key = option.split('=').next().unwrap_or(option);
        let expected =
            format!("s.conf:6: [rpcinterface:supvisors] {key}: {report}; the default is used");
        let errors: Vec<_> = remarks(option)
            .into_iter()
            .filter(|it| it.0 == Level::Error)
            .collect();
        assert_eq!(errors, [(Level::Error, expected)], "{option}");
        assert_eq!(instance(option), default, "{option}");
    }
}

#[test]
fn options_that_exclude_each_other() {
    let text = "synchro_options=timeout,CORE\nsupvisors_failure_strategy=RESYNC";
    let it = instance(text);
    assert_eq!(
        it.options.synchro_options,
        BTreeSet::from([SyncOption::Timeout])
    );
    assert_eq!(
        it.options.failure_strategy,
        ClusterFailureStrategy::Continue
    );
    let lines: Vec<String> = remarks(text).into_iter().map(|it| it.1).collect();
    assert!(lines[0].contains("cancellation of synchro_options CORE with no core_identifiers"));
    assert!(
        lines[1].contains("force supvisors_failure_strategy=CONTINUE"),
        "{lines:?}"
    );
}

#[test]
fn what_ends_the_daemon() {
    let failure = "Could not make supvisors rpc interface: ";
    for (text, message) in [
        (
            file("supvisors_list=n1,n2:1"),
            "could not define a Supvisors identification from \"n2:1\"",
        ),
        (
            file("supvisors_list=<a b>n1"),
            "could not define a Supvisors identification from \"<a b>n1\"",
        ),
        (
            file("supvisors_list=n1:99999"),
            "could not define a Supvisors identification from \"n1:99999\"",
        ),
        (
            file("synchro_options=CORE"),
            "synchro_options shall not be empty",
        ),
        (file("loglevel=zz"), "bad logging level name 'zz'"),
        (
            file("logfile_backups=zz"),
            "invalid literal for int() with base 10: 'zz'",
        ),
        (
            format!("[supervisord]\n[unix_http_server]\nfile=s.sock\n{SECTION}"),
            "Supervisor MUST be configured using inet_http_server: s.conf",
        ),
    ] {
        assert_eq!(fatal(&text), [format!("{failure}{message}")], "{text}");
    }
    let here = fatal(&file("rules_files=%(here)s/*.xml"));
    assert!(
        here[0].contains("contains names ('here') which cannot be expanded"),
        "{here:?}"
    );
}

#[test]
fn rules_files_are_found_from_the_working_directory() {
    let place = Place::with(&file("rules_files=rules/*.xml  none*.xml rules/a.xml"));
    let folder = place.host().cwd;
    std::fs::create_dir(folder.join("rules")).expect("a folder");
    for name in ["b.xml", "a.xml", "c.txt"] {
        std::fs::write(folder.join("rules").join(name), "").expect("a file");
    }
    let loaded = place.load().expect("a configuration");
    let found = loaded.supvisors.expect("an instance").rules_files;
    let expected = ["a.xml", "b.xml"].map(|it| folder.join("rules").join(it));
    assert_eq!(found, Some(expected.to_vec()));

    let none = remarks("rules_files=/no/such/*.xml");
    let report =
        "s.conf:6: [rpcinterface:supvisors] rules_files: no file found matching /no/such/*.xml";
    assert!(none.contains(&(Level::Warn, report.to_owned())), "{none:?}");
    assert_eq!(
        instance("rules_files=/no/such/*.xml").rules_files,
        Some(vec![])
    );
}

#[test]
fn a_log_of_its_own() {
    let it = instance("logfile=/tmp/own.log\nlogfile_maxbytes=1MB\nloglevel=warn");
    let log = it.log.expect("a log");
    assert_eq!(log.path, Some(PathBuf::from("/tmp/own.log")));
    assert_eq!(
        (log.maxbytes, log.backups, log.level),
        (1 << 20, 10, Level::Warn)
    );
    assert!(
        instance("logfile=NONE")
            .log
            .is_some_and(|log| log.path.is_none())
    );
    assert!(messages("[supervisord]\n[rpcinterface:supvisors]\n")[0].contains("does not specify"));
}

#[test]
fn an_icon_is_the_first_file_that_matches() {
    let place = Place::with(&file("software_icon=pic*"));
    let folder = place.host().cwd;
    std::fs::create_dir(folder.join("pic0")).expect("a folder");
    for name in ["pic2.png", "pic1.png"] {
        std::fs::write(folder.join(name), "").expect("a file");
    }
    let config = place.load().expect("a configuration");
    let icon = config.supvisors.expect("an instance").software_icon;
    assert_eq!(icon, Some(folder.join("pic1.png")));
    let several = |line: &visord_model::log_line::LogLine| {
        line.level == Level::Warn && line.text.contains("multiple candidates found")
    };
    assert!(config.remarks.iter().any(several), "{:?}", config.remarks);
}
