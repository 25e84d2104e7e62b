//! The sections of the daemon, its servers and its clients.

use super::{Row, addition, option};

/// The sections and their own options.
pub(super) const SECTIONS: &[Row] = &[
    (
        "supervisord",
        "[supervisord]",
        "The daemon itself.",
        &[
            option(
                "logfile",
                "path, or syslog",
                "supervisord.log",
                "The daemon's own log. With syslog it goes to the system log instead.",
            ),
            option(
                "logfile_maxbytes",
                "size",
                "50MB",
                "At this size the log becomes an old one and a new one begins; 0: never.",
            ),
            option(
                "logfile_backups",
                "number",
                "10",
                "How many old logs are kept; 0: none.",
            ),
            option(
                "loglevel",
                "critical, error, warn, info, debug, trace or blather",
                "info",
                "How much is logged.",
            ),
            addition(
                "logfile_syslog_format",
                "local, rfc3164 or rfc5424",
                "local",
                "The form of the lines that logfile = syslog sends.",
            ),
            addition(
                "logfile_syslog_address",
                "path, udp://host[:port] or tcp://host[:port]",
                "/dev/log",
                "Where logfile = syslog sends its lines.",
            ),
            option(
                "pidfile",
                "path",
                "supervisord.pid",
                "Where the daemon writes its process id.",
            ),
            option(
                "identifier",
                "text",
                "supervisor",
                "The name of this daemon for RPC clients and event listeners.",
            ),
            option(
                "nodaemon",
                "true or false",
                "false",
                "Stay in the foreground. It also repeats the log on standard output.",
            ),
            option(
                "silent",
                "true or false",
                "false",
                "Do not repeat the log on standard output.",
            ),
            option(
                "minfds",
                "number",
                "1024",
                "The daemon does not start unless it may open so many files; the limit is raised if it may be.",
            ),
            option("minprocs", "number", "200", "The same for processes."),
            option(
                "umask",
                "octal number",
                "022",
                "The file creation mask of the daemon, and of programs without one of their own.",
            ),
            option(
                "user",
                "name or number",
                "[stay who you are]",
                "Whom to become when started as root.",
            ),
            option(
                "directory",
                "path",
                "[where it was started]",
                "Where the daemon goes when it puts itself into the background.",
            ),
            option(
                "childlogdir",
                "path",
                "[the system's folder for temporary files]",
                "Where logs that are called AUTO go.",
            ),
            option(
                "nocleanup",
                "true or false",
                "false",
                "Keep AUTO logs of earlier runs; otherwise they are removed at start.",
            ),
            option(
                "strip_ansi",
                "true or false",
                "false",
                "Leave terminal sequences, such as colours, out of the logs of programs.",
            ),
            option(
                "environment",
                "NAME=\"value\",...",
                "[nothing]",
                "Variables for every program. Later sections may refer to them as %(ENV_NAME)s. A percent sign is written %%%% here.",
            ),
        ],
    ),
    (
        "include",
        "[include]",
        "More files to be read as if they stood here. Files that are included include no others.",
        &[option(
            "files",
            "patterns, separated by blanks",
            "[none]",
            "Paths with *, ? and [...], relative to this file. The files of a pattern are read in the order of their names.",
        )],
    ),
    (
        "unix_http_server*",
        "[unix_http_server]",
        "A socket in the file system where clients reach the daemon. More of them may follow with any text after the name, as in [unix_http_server:2].",
        &[
            option("file", "path", "[required]", "The socket's path."),
            option("chmod", "octal number", "0700", "Who may open it."),
            option(
                "chown",
                "user or user:group",
                "[whose the daemon is]",
                "Whose it is.",
            ),
            option(
                "username",
                "text",
                "[none]",
                "A name that clients must log in with. Needs password.",
            ),
            option(
                "password",
                "text, {SHA}hex or {ARGON2}PHC",
                "[none]",
                "The password that belongs to it: as it is, its SHA-1 digest in hexadecimal, or (visord only) a PHC string of Argon2.",
            ),
            addition(
                "allowed_hosts",
                "names, separated by commas",
                "[none]",
                "Names, besides localhost and the machine's own, under which browsers may come when no password is asked for.",
            ),
            addition(
                "max_body",
                "size",
                "1MB",
                "The longest request that is read.",
            ),
        ],
    ),
    (
        "inet_http_server*",
        "[inet_http_server]",
        "A TCP port where clients and browsers reach the daemon. Listen on 127.0.0.1 unless you mean the whole network, and ask for a password.",
        &[
            option(
                "port",
                "[host]:port, or port",
                "[required]",
                "Where to listen; *:9001 and 9001 mean every address of the machine.",
            ),
            option("username", "text", "[none]", "As for [unix_http_server]."),
            option(
                "password",
                "text, {SHA}hex or {ARGON2}PHC",
                "[none]",
                "As for [unix_http_server].",
            ),
            addition(
                "allowed_hosts",
                "names, separated by commas",
                "[none]",
                "As for [unix_http_server].",
            ),
            addition("max_body", "size", "1MB", "As for [unix_http_server]."),
            addition(
                "tls_cert",
                "path",
                "[no TLS]",
                "The server's certificates in PEM; with it and tls_key the server speaks https only. SIGUSR2 reads them again.",
            ),
            addition(
                "tls_key",
                "path",
                "[no TLS]",
                "The key that belongs to tls_cert, in PEM.",
            ),
            addition(
                "tls_client_ca",
                "path",
                "[none]",
                "Clients need a certificate that one of these authorities signed.",
            ),
        ],
    ),
    (
        "web_user:",
        "[web_user:NAME]",
        "One more user of the servers, with rights of their own (visord only).",
        &[
            addition(
                "password",
                "text, {SHA}hex or {ARGON2}PHC",
                "[required]",
                "The user's password, as for [unix_http_server].",
            ),
            addition(
                "role",
                "view, operate or admin",
                "view",
                "What the user may do: see states and logs; also start, stop, signal and feed processes; or everything.",
            ),
            addition(
                "servers",
                "sections, separated by commas",
                "[every server]",
                "The servers that let the user in, as inet_http_server.",
            ),
        ],
    ),
    (
        "supervisorctl",
        "[supervisorctl]",
        "What supervisorctl(1) needs to know. It does not follow [include].",
        &[
            option(
                "serverurl",
                "URL",
                "http://localhost:9001",
                "Where the daemon listens: unix:///path, http://host:port or https://host:port.",
            ),
            option("username", "text", "[none]", "The name to log in with."),
            option("password", "text", "[none]", "The password to log in with."),
            option(
                "prompt",
                "text",
                "supervisor",
                "What the shell shows before a line; \"> \" is added.",
            ),
            option(
                "history_file",
                "path",
                "[none]",
                "Where the shell keeps what was typed.",
            ),
            addition(
                "tls_ca",
                "path",
                "[the system's authorities]",
                "Trust these authorities, in PEM, about who an https server is.",
            ),
            addition(
                "tls_cert",
                "path",
                "[none]",
                "The certificate, in PEM, that is shown to an https server with tls_client_ca; with tls_key.",
            ),
            addition(
                "tls_key",
                "path",
                "[none]",
                "The key of that certificate, in PEM.",
            ),
        ],
    ),
    (
        "ctlplugin:",
        "[ctlplugin:NAME]",
        "A program that is the command NAME of supervisorctl(1).",
        &[
            addition(
                "command",
                "program and arguments",
                "[required]",
                "What is run, with what was typed after NAME as further arguments. A program called supervisorctl-NAME on PATH needs no section.",
            ),
            option(
                "supervisor.ctl_factory",
                "module:callable",
                "[none]",
                "Names a Python module for the original's client. It is an error if there is no command beside it.",
            ),
        ],
    ),
    (
        "rpcinterface:",
        "[rpcinterface:NAME]",
        "A namespace of remote methods. Without the one of the example, which is called supervisor, the daemon cannot be controlled.",
        &[
            option(
                "supervisor.rpcinterface_factory",
                "module:callable",
                "[required]",
                "supervisor.rpcinterface:make_main_rpcinterface is the daemon's own interface; no other can be loaded.",
            ),
            addition(
                "url",
                "URL",
                "[none]",
                "Forward methods of this namespace to that XML-RPC server, instead of a factory.",
            ),
        ],
    ),
];
