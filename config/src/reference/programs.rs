//! The sections of programs and groups.

use super::{Row, addition, option};

/// The sections and their own options.
pub(super) const SECTIONS: &[Row] = &[
    (
        "program:",
        "[program:NAME]",
        "A program to be run and kept running. Unless a [group:...] names it, it is a group of its own. Beside what is said below, %(program_name)s, %(group_name)s, %(process_num)d and %(numprocs)d may stand in values.",
        &[
            option(
                "command",
                "program and arguments",
                "[required]",
                "What is run. Words are split as a shell does, quotes and backslashes included, but no shell runs: no variables, pipes or patterns. The program must stay in the foreground.",
            ),
            option(
                "process_name",
                "text",
                "%(program_name)s",
                "The name of each process; must contain %(process_num)d if there are several.",
            ),
            option("numprocs", "number", "1", "How many processes of it run."),
            option(
                "numprocs_start",
                "number",
                "0",
                "The number of the first of them.",
            ),
            option(
                "priority",
                "number",
                "999",
                "What has a lower one is started earlier and stopped later.",
            ),
            option(
                "autostart",
                "true or false",
                "true",
                "Start it together with the daemon.",
            ),
            option(
                "startsecs",
                "seconds",
                "1",
                "It counts as running when it has lasted so long; 0: at once.",
            ),
            option(
                "startretries",
                "number",
                "3",
                "How often a start that failed is tried again, each time after one second more, before the process is FATAL.",
            ),
            option(
                "autorestart",
                "true, false or unexpected",
                "unexpected",
                "Whether to start it again when it ends after it was running; unexpected: only if its exit code is not among exitcodes, or a signal killed it.",
            ),
            option(
                "exitcodes",
                "numbers, separated by commas",
                "0",
                "The exit codes that are expected.",
            ),
            option(
                "stopsignal",
                "name or number of a signal",
                "TERM",
                "What asks it to end.",
            ),
            option(
                "stopwaitsecs",
                "seconds",
                "10",
                "How long it may take to end before SIGKILL.",
            ),
            option(
                "stopasgroup",
                "true or false",
                "false",
                "Send stopsignal to its whole process group. Implies killasgroup.",
            ),
            option(
                "killasgroup",
                "true or false",
                "false",
                "Send SIGKILL to its whole process group.",
            ),
            option(
                "user",
                "name or number",
                "[the daemon's]",
                "As whom it runs. Only root may choose.",
            ),
            option("directory", "path", "[the daemon's]", "Where it runs."),
            option(
                "umask",
                "octal number",
                "[the daemon's]",
                "Its file creation mask.",
            ),
            option(
                "environment",
                "NAME=\"value\",...",
                "[nothing]",
                "Variables added to those of the daemon, which include SUPERVISOR_ENABLED, SUPERVISOR_PROCESS_NAME, SUPERVISOR_GROUP_NAME and SUPERVISOR_SERVER_URL.",
            ),
            option(
                "serverurl",
                "URL, or AUTO",
                "AUTO",
                "SUPERVISOR_SERVER_URL for the program; AUTO: the daemon's first unix server, else its last inet server.",
            ),
            option(
                "redirect_stderr",
                "true or false",
                "false",
                "Standard error goes where standard output goes. Not for event listeners.",
            ),
            option(
                "stdout_logfile",
                "path, AUTO, syslog or NONE",
                "AUTO",
                "Where standard output is stored. AUTO: in childlogdir, removed when the daemon starts anew; NONE: nowhere. Each option whose name begins with stdout_ has a twin whose name begins with stderr_.",
            ),
            option(
                "stdout_logfile_maxbytes",
                "size",
                "50MB",
                "At this size the log becomes an old one and a new one begins; 0: never.",
            ),
            option(
                "stdout_logfile_backups",
                "number",
                "10",
                "How many old logs are kept; 0: none.",
            ),
            addition(
                "stdout_logfile_format",
                "raw, prefix or json",
                "raw",
                "raw: as it was written; prefix: every line with time, process and channel before it; json: every line as an object.",
            ),
            addition(
                "stdout_logfile_mode",
                "octal number",
                "[by umask]",
                "The permissions of the log files.",
            ),
            addition(
                "stdout_logfile_owner",
                "user or user:group",
                "[the daemon's]",
                "Whose the log files are.",
            ),
            addition(
                "stdout_logfile_compress",
                "none, gzip or zstd",
                "none",
                "How old logs are compressed.",
            ),
            addition(
                "stdout_logfile_rotate",
                "size, daily or hourly",
                "size",
                "Begin a new log also when the day or the hour is over, in local time.",
            ),
            option(
                "stdout_syslog",
                "true or false",
                "false",
                "Send each line to the system log as well.",
            ),
            addition(
                "stdout_syslog_format",
                "local, rfc3164 or rfc5424",
                "local",
                "The form of what is sent there.",
            ),
            addition(
                "stdout_syslog_address",
                "path, udp://host[:port] or tcp://host[:port]",
                "/dev/log",
                "Where it is sent.",
            ),
            option(
                "stdout_capture_maxbytes",
                "size",
                "0",
                "The longest text between <!--XSUPERVISOR:BEGIN--> and <!--XSUPERVISOR:END--> that becomes a PROCESS_COMMUNICATION event; 0: none does.",
            ),
            option(
                "stdout_events_enabled",
                "true or false",
                "false",
                "Whatever is written becomes PROCESS_LOG events.",
            ),
        ],
    ),
    (
        "eventlistener:",
        "[eventlistener:NAME]",
        "A program that is told of events on its standard input and answers on its standard output. It has the options of [program:NAME], but redirect_stderr must not be on and priority is -1 unless it is set. Processes of one listener share the work.",
        &[
            option(
                "events",
                "types, separated by commas",
                "[required]",
                "The types of events it is told of; a type includes those below it, EVENT all.",
            ),
            option(
                "buffer_size",
                "number",
                "10",
                "How many events wait for it; when there are more the oldest is dropped.",
            ),
            option(
                "result_handler",
                "module:callable",
                "supervisor.dispatchers:default_handler",
                "Decides what an answer means. There is only this one: OK takes the event, anything else has it sent again.",
            ),
            addition(
                "event_detail",
                "basic or extended",
                "basic",
                "With extended, PROCESS_STATE events tell more of the process.",
            ),
            addition(
                "listener_recover",
                "never or restart",
                "never",
                "What becomes of a listener that broke the protocol: it is told nothing more, or restarted.",
            ),
        ],
    ),
    (
        "fcgi-program:",
        "[fcgi-program:NAME]",
        "A FastCGI program: its processes share a socket as their standard input. It has the options of [program:NAME] and these.",
        &[
            option(
                "socket",
                "unix:///path or tcp://host:port",
                "[required]",
                "The socket.",
            ),
            option(
                "socket_backlog",
                "number",
                "[the system's limit]",
                "How many connections may wait.",
            ),
            option(
                "socket_owner",
                "user or user:group",
                "[whose the program is]",
                "Whose a unix socket is.",
            ),
            option(
                "socket_mode",
                "octal number",
                "0700",
                "Who may open a unix socket.",
            ),
        ],
    ),
    (
        "group:",
        "[group:NAME]",
        "Several programs that are started, stopped and named together. Their processes are called NAME:process.",
        &[
            option(
                "programs",
                "names, separated by commas",
                "[required]",
                "The programs: [program:...] and [fcgi-program:...] sections.",
            ),
            option(
                "priority",
                "number",
                "999",
                "As for a program, among groups.",
            ),
        ],
    ),
];
