//! supervisord(8).

use super::roff::Roff;
use crate::daemon::cli;

const SIGNALS: &[(&str, &str)] = &[
    (
        "SIGTERM, SIGINT, SIGQUIT",
        "Stop every process in order, then end.",
    ),
    (
        "SIGHUP",
        "Read the configuration; if it is good, stop every process and begin anew with it.",
    ),
    (
        "SIGUSR2",
        "Open the log files anew, and read the certificates of https servers again.",
    ),
];

pub(super) fn write(roff: &mut Roff) {
    roff.synopsis("supervisord [<options>]");
    roff.heading("DESCRIPTION");
    roff.paragraph(
        "Starts the programs that its configuration file names, starts them again when they end \
         unexpectedly, stores what they write, and does what `supervisorctl`(1), browsers and \
         XML-RPC clients ask. It puts itself into the background unless `-n` is given.",
    );
    roff.paragraph(
        "Options beat the configuration file; those without a value can only turn something on. \
         Long options may be abbreviated, except for those that only visord has.",
    );
    roff.options(&cli::definitions());
    roff.heading("SIGNALS");
    for (signal, text) in SIGNALS {
        roff.item(signal, "", text);
    }
    roff.heading("FILES");
    roff.paragraph(
        "Without `-c` the first of these is read: `../etc/supervisord.conf` and \
         `../supervisord.conf` beside the folder of the program, `supervisord.conf`, \
         `etc/supervisord.conf`, `/etc/supervisord.conf`, \
         `/etc/supervisor/supervisord.conf`. See `supervisord.conf`(5).",
    );
    roff.heading("EXIT STATUS");
    roff.item(
        "0",
        "",
        "It was told to end, or it went into the background and works there.",
    );
    roff.item(
        "1",
        "",
        "It could not start for a reason outside the configuration.",
    );
    roff.item(
        "2",
        "",
        "The command line or the configuration cannot be used, or the system has no thread or \
         descriptor for it.",
    );
    roff.item(
        "70",
        "",
        "An internal error that came again and again. Every program was stopped in order before.",
    );
}
