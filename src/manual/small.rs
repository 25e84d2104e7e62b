//! echo_supervisord_conf(1) and pidproxy(1).

use super::roff::Roff;

pub(super) fn echo_supervisord_conf(roff: &mut Roff) {
    roff.synopsis("echo_supervisord_conf");
    roff.heading("DESCRIPTION");
    roff.paragraph(
        "Prints a configuration for `supervisord`(8) to begin with, which has every section and \
         the options that are needed most. Arguments are ignored.",
    );
    roff.heading("EXAMPLES");
    roff.example("echo_supervisord_conf > /etc/supervisord.conf");
    roff.heading("EXIT STATUS");
    roff.item("0", "", "It was printed.");
    roff.item("1", "", "It could not be printed.");
}

pub(super) fn pidproxy(roff: &mut Roff) {
    roff.synopsis("pidproxy <pidfile> <command> [<argument> ...]");
    roff.heading("DESCRIPTION");
    roff.paragraph(
        "Runs a command and passes signals on to the process whose id stands in the pidfile at \
         that moment. It is for programs that put themselves into the background whatever they \
         are told: `supervisord`(8) looks after pidproxy, and pidproxy reaches the program.",
    );
    roff.paragraph(
        "SIGTERM, SIGHUP, SIGINT, SIGUSR1, SIGUSR2 and SIGQUIT are passed on. pidproxy ends after \
         SIGTERM, SIGINT and SIGQUIT, and when the command ends. The command is looked for in \
         the working directory, not on PATH.",
    );
    roff.heading("EXIT STATUS");
    roff.item(
        "0",
        "",
        "The command ended, or a signal that ends pidproxy was passed on.",
    );
    roff.item(
        "1",
        "",
        "The command line is wrong, or a signal could not be passed on.",
    );
    roff.heading("EXAMPLES");
    roff.example(
        "[program:mysql]\n\
         command = pidproxy /run/mysqld/mysqld.pid /usr/bin/mysqld_safe",
    );
}
