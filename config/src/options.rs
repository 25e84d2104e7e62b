//! Every section and every option there is, for [`crate::check`] and for the tests that
//! ask whether none was forgotten.

/// One kind of section.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    /// What its name is, or starts with if it ends in `:` or `*` (which stands for
    /// anything, or nothing).
    pub(crate) name: &'static str,
    /// Its options; `None`: any.
    pub(crate) options: Option<&'static [&'static str]>,
}

impl Kind {
    /// Whether a section is of this kind.
    pub(crate) fn is(&self, section: &str) -> bool {
        if self.name.ends_with(':') {
            section.starts_with(self.name)
        } else if let Some(prefix) = self.name.strip_suffix('*') {
            section.starts_with(prefix)
        } else {
            section == self.name
        }
    }
}

/// All kinds (spec core 1.3).
pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "supervisord",
        options: Some(&[
            "minfds",
            "minprocs",
            "directory",
            "user",
            "umask",
            "logfile",
            "logfile_maxbytes",
            "logfile_backups",
            "logfile_syslog_format",
            "logfile_syslog_address",
            "loglevel",
            "pidfile",
            "identifier",
            "nodaemon",
            "silent",
            "childlogdir",
            "nocleanup",
            "strip_ansi",
            "environment",
        ]),
    },
    Kind {
        name: "include",
        options: Some(&["files"]),
    },
    Kind {
        name: "supervisorctl",
        options: Some(&[
            "serverurl",
            "username",
            "password",
            "prompt",
            "history_file",
            "tls_ca",
            "tls_cert",
            "tls_key",
        ]),
    },
    Kind {
        name: "inet_http_server*",
        options: Some(&[
            "port",
            "username",
            "password",
            "allowed_hosts",
            "max_body",
            "tls_cert",
            "tls_key",
            "tls_client_ca",
        ]),
    },
    Kind {
        name: "unix_http_server*",
        options: Some(&[
            "file",
            "chmod",
            "chown",
            "username",
            "password",
            "allowed_hosts",
            "max_body",
        ]),
    },
    Kind {
        name: "web_user:",
        options: Some(&["password", "role", "servers"]),
    },
    Kind {
        name: "program:",
        options: Some(PROGRAM),
    },
    Kind {
        name: "eventlistener:",
        options: Some(PROGRAM),
    },
    Kind {
        name: "fcgi-program:",
        options: Some(PROGRAM),
    },
    Kind {
        name: "group:",
        options: Some(&["programs", "priority"]),
    },
    Kind {
        name: "rpcinterface:",
        options: None,
    },
    Kind {
        name: "ctlplugin:",
        options: None,
    },
];

/// What program-type sections have in common.
pub(crate) const PROGRAM: &[&str] = &[
    "command",
    "process_name",
    "numprocs",
    "numprocs_start",
    "priority",
    "autostart",
    "startsecs",
    "startretries",
    "autorestart",
    "exitcodes",
    "stopsignal",
    "stopwaitsecs",
    "stopasgroup",
    "killasgroup",
    "user",
    "redirect_stderr",
    "stdout_logfile",
    "stdout_logfile_maxbytes",
    "stdout_logfile_backups",
    "stdout_capture_maxbytes",
    "stdout_events_enabled",
    "stdout_syslog",
    "stdout_syslog_format",
    "stdout_syslog_address",
    "stdout_logfile_format",
    "stdout_logfile_mode",
    "stdout_logfile_owner",
    "stdout_logfile_compress",
    "stdout_logfile_rotate",
    "stderr_logfile",
    "stderr_logfile_maxbytes",
    "stderr_logfile_backups",
    "stderr_capture_maxbytes",
    "stderr_events_enabled",
    "stderr_syslog",
    "stderr_syslog_format",
    "stderr_syslog_address",
    "stderr_logfile_format",
    "stderr_logfile_mode",
    "stderr_logfile_owner",
    "stderr_logfile_compress",
    "stderr_logfile_rotate",
    "environment",
    "directory",
    "umask",
    "serverurl",
];

/// What a section of this kind has besides [`PROGRAM`].
pub(crate) fn extras(kind: &str) -> &'static [&'static str] {
    match kind {
        "eventlistener:" => &[
            "events",
            "buffer_size",
            "result_handler",
            "event_detail",
            "event_length",
            "listener_recover",
        ],
        "fcgi-program:" => &["socket", "socket_backlog", "socket_owner", "socket_mode"],
        _ => &[],
    }
}
