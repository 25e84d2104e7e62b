//! What an option turned out to be, as a short text.

use std::fmt::Debug;
use std::path::Path;

use crate::{
    ChannelConfig, ClientConfig, Config, Environment, GroupKind, HttpConfig, ListenAddress,
    LogTarget, MainLogTarget, Ownership, ProcessConfig, Secret, ServerConfig, SyslogAddress,
    SyslogConfig,
};

pub(super) fn option(config: &Config, kind: &str, key: &str) -> String {
    match kind {
        "supervisord" => server(&config.server, key),
        "inet_http_server" | "unix_http_server" => http(&config.http[0], key),
        "web_user:" => web_user(&config.http[1], key),
        "rpcinterface:" => {
            let url = &config.rpc_interfaces[0].url;
            url.as_ref().map_or("Main", Secret::expose).to_owned()
        }
        "include" => names(config.groups.iter().map(|group| &group.name)),
        "group:" if key == "programs" => {
            let group = config.groups.iter().find(|group| group.name == "x");
            let processes = &group.expect("group x").processes;
            names(processes.iter().map(|process| &process.name))
        }
        "group:" => {
            let group = config.groups.iter().find(|group| group.name == "x");
            plain(group.expect("group x").priority)
        }
        "eventlistener:" | "fcgi-program:" => special(config, key),
        _ if key == "numprocs" => plain(config.groups[0].processes.len()),
        _ => process(&config.groups[0].processes[0], key),
    }
}

fn plain(value: impl Debug) -> String {
    format!("{value:?}").trim_matches('"').to_owned()
}

fn optional(value: Option<impl Debug>) -> String {
    value.map_or("none".to_owned(), plain)
}

fn names<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn octal(mode: u32) -> String {
    format!("{mode:03o}")
}

fn variables(environment: &Environment) -> String {
    let pairs = environment
        .iter()
        .map(|(key, value)| format!("{key}={}", value.expose()));
    pairs.collect::<Vec<_>>().join(" ")
}

fn owner(owner: Ownership) -> String {
    let id = |id: Option<u32>| id.map_or("-".to_owned(), |id| id.to_string());
    format!("{}:{}", id(owner.uid), id(owner.gid))
}

fn server(server: &ServerConfig, key: &str) -> String {
    match key {
        "minfds" => plain(server.minfds),
        "minprocs" => plain(server.minprocs),
        "directory" => optional(server.directory.as_ref()),
        "user" => optional(server.user),
        "umask" => octal(server.umask),
        "logfile" => match &server.logfile {
            MainLogTarget::Syslog(_) => "the system log".to_owned(),
            MainLogTarget::File(path) => plain(path),
        },
        "logfile_syslog_format" | "logfile_syslog_address" => match &server.logfile {
            MainLogTarget::Syslog(way) => syslog(way, key),
            MainLogTarget::File(_) => "unused".to_owned(),
        },
        "logfile_maxbytes" => plain(server.logfile_maxbytes),
        "logfile_backups" => plain(server.logfile_backups),
        "loglevel" => plain(server.loglevel),
        "pidfile" => plain(&server.pidfile),
        "identifier" => plain(&server.identifier),
        "nodaemon" => plain(server.nodaemon),
        "silent" => plain(server.silent),
        "childlogdir" => plain(&server.childlogdir),
        "nocleanup" => plain(server.nocleanup),
        "strip_ansi" => plain(server.strip_ansi),
        "environment" => variables(&server.environment),
        other => panic!("{other}"),
    }
}

fn http(http: &HttpConfig, key: &str) -> String {
    let own = http.users.first();
    match (&http.address, key) {
        (_, "username") => optional(own.map(|own| &own.name)),
        (_, "password") => optional(own.map(|own| own.password.expose())),
        (_, "allowed_hosts") => http.allowed_hosts.join(" "),
        (_, "max_body") => plain(http.max_body),
        (_, "tls_cert" | "tls_key" | "tls_client_ca") => optional(http.tls.as_ref().map(|tls| {
            let ca = tls.client_ca.as_deref().unwrap_or(Path::new("-"));
            let (cert, key) = (tls.cert.display(), tls.key.display());
            format!("{cert} {key} {}", ca.display())
        })),
        (ListenAddress::Inet { host, port }, _) => format!("{host} {port}"),
        (ListenAddress::Unix { path, .. }, "file") => plain(path),
        (ListenAddress::Unix { mode, .. }, "chmod") => octal(*mode),
        (ListenAddress::Unix { owner: of, .. }, _) => owner(*of),
    }
}

fn web_user(http: &HttpConfig, key: &str) -> String {
    match (http.users.first(), key) {
        (None, _) => "nothing".to_owned(),
        (Some(user), "password") => user.password.expose().to_owned(),
        (Some(user), "role") => plain(user.role),
        (Some(_), _) => http.section.clone(),
    }
}

fn special(config: &Config, key: &str) -> String {
    match (&config.groups[0].kind, key) {
        (_, "priority") => {
            let group = &config.groups[0];
            format!("{} {}", group.priority, group.processes[0].priority)
        }
        (GroupKind::Listeners(pool), "events") => {
            let events = pool.events.iter().map(|event| event.name());
            events.collect::<Vec<_>>().join(" ")
        }
        (GroupKind::Listeners(pool), "buffer_size") => plain(pool.buffer_size),
        (GroupKind::Listeners(pool), "event_detail") => plain(pool.event_detail),
        (GroupKind::Listeners(pool), "event_length") => plain(pool.event_length),
        (GroupKind::Listeners(pool), "listener_recover") => plain(pool.listener_recover),
        (GroupKind::Listeners(_), _) => "the default one".to_owned(),
        (GroupKind::Fastcgi(socket), "socket") => socket.url.clone(),
        (GroupKind::Fastcgi(socket), "socket_backlog") => optional(socket.backlog),
        (GroupKind::Fastcgi(socket), _) => match (&socket.address, key) {
            (ListenAddress::Unix { mode, .. }, "socket_mode") => octal(*mode),
            (ListenAddress::Unix { owner: of, .. }, _) => owner(*of),
            (ListenAddress::Inet { .. }, _) => "tcp has none".to_owned(),
        },
        (GroupKind::Programs, other) => panic!("{other}"),
    }
}

fn process(process: &ProcessConfig, key: &str) -> String {
    let policy = &process.policy;
    if let Some(key) = key.strip_prefix("stdout_") {
        return channel(&process.stdout, key);
    }
    if let Some(key) = key.strip_prefix("stderr_") {
        return channel(&process.stderr, key);
    }
    match key {
        "command" => plain(&process.command),
        "process_name" | "numprocs_start" => plain(&process.name),
        "priority" => plain(process.priority),
        "autostart" => plain(policy.autostart),
        "startsecs" => plain(policy.startsecs),
        "startretries" => plain(policy.startretries),
        "autorestart" => plain(policy.autorestart),
        "exitcodes" => plain(&policy.exitcodes),
        "stopsignal" => policy.stopsignal.name(),
        "stopwaitsecs" => plain(policy.stopwaitsecs),
        "stopasgroup" => plain(policy.stopasgroup),
        "killasgroup" => plain(policy.killasgroup),
        "user" => optional(process.user),
        "redirect_stderr" => plain(process.redirect_stderr),
        "environment" => variables(&process.environment),
        "directory" => optional(process.directory.as_ref()),
        "umask" => process.umask.map_or("none".to_owned(), octal),
        "serverurl" => optional(process.serverurl.as_ref().map(crate::Secret::expose)),
        other => panic!("{other}"),
    }
}

fn syslog(way: &SyslogConfig, key: &str) -> String {
    if key.ends_with("_format") {
        return plain(way.format);
    }
    match &way.address {
        SyslogAddress::Local => "local".to_owned(),
        SyslogAddress::Unix(path) => plain(path),
        SyslogAddress::Udp(host, port) => format!("udp {host} {port}"),
        SyslogAddress::Tcp(host, port) => format!("tcp {host} {port}"),
    }
}

fn channel(channel: &ChannelConfig, key: &str) -> String {
    match key {
        "logfile" => match &channel.logfile {
            LogTarget::Auto => "auto".to_owned(),
            LogTarget::None => "none".to_owned(),
            LogTarget::File(path) => format!("file {path}"),
        },
        "logfile_maxbytes" => plain(channel.file.maxbytes),
        "logfile_backups" => plain(channel.file.backups),
        "capture_maxbytes" => plain(channel.capture_maxbytes),
        "events_enabled" => plain(channel.events_enabled),
        "syslog" => plain(channel.syslog),
        "syslog_format" | "syslog_address" => syslog(&channel.syslog_target, key),
        "logfile_format" => plain(channel.file.format),
        "logfile_mode" => channel.file.mode.map_or("none".to_owned(), octal),
        "logfile_owner" => channel.file.owner.map_or("none".to_owned(), owner),
        "logfile_compress" => plain(channel.file.compress),
        "logfile_rotate" => plain(channel.file.rotate),
        other => panic!("{other}"),
    }
}

pub(super) fn client(client: &ClientConfig, key: &str) -> String {
    match key {
        "serverurl" => client.serverurl.expose().to_owned(),
        "username" => optional(client.username.as_ref()),
        "password" => optional(client.password.as_ref().map(crate::Secret::expose)),
        "prompt" => plain(&client.prompt),
        "history_file" => optional(client.history_file.as_ref()),
        "tls_ca" => optional(client.tls_ca.as_ref()),
        "tls_cert" => optional(client.tls_identity.as_ref().map(|(cert, _)| cert)),
        "tls_key" => optional(client.tls_identity.as_ref().map(|(_, key)| key)),
        "supervisor.ctl_factory" => client.supvisors.to_string(),
        other => panic!("{other}"),
    }
}
