//! supervisord.conf(5).

use visord_config::reference::{OptionText, reference};

use super::roff::Roff;

const WRITING: &[&str] = &[
    "A section begins with its name in brackets; options follow, one a line, as `name = value` \
     or `name: value`. A line that is indented more continues the value before it. What follows \
     `;` or `#` at the start of a line or after a blank is a comment. Names of sections are \
     case-sensitive, those of options are not. Of an option that is there twice the last one \
     counts. Unknown sections and options are ignored; `supervisord --check` tells of them.",
    "Values may refer to the environment of the daemon as `%(ENV_NAME)s`, most also to the folder \
     of the file as `%(here)s` and to the name of the machine as `%(host_node_name)s`. A percent \
     sign itself is written `%%`.",
    "Truth is `true`, `yes`, `on` or `1`, its opposite `false`, `no`, `off` or `0`. A size is a \
     number of bytes, or of `KB`, `MB` or `GB`. Relative paths begin at the folder where the \
     program was started; `~` is the home directory.",
];

pub(super) fn write(roff: &mut Roff) {
    roff.heading("DESCRIPTION");
    roff.paragraph(
        "What `supervisord`(8) runs, and how, and where `supervisorctl`(1) finds it. An ordinary \
         configuration of Supervisor 4.3.0 is one of visord; what only visord has is marked.",
    );
    roff.heading("FILE FORMAT");
    for text in WRITING {
        roff.paragraph(text);
    }
    roff.heading("SECTIONS");
    for section in reference() {
        roff.part(section.title);
        roff.paragraph(section.text);
        for option in &section.options {
            roff.item(option.name, &format!("= {}", option.form), &words(option));
        }
    }
    roff.heading("EXAMPLES");
    roff.example(
        "[supervisord]\n\
         logfile = /var/log/supervisord.log\n\
         pidfile = /run/supervisord.pid\n\
         \n\
         [unix_http_server]\n\
         file = /run/supervisor.sock\n\
         \n\
         [rpcinterface:supervisor]\n\
         supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n\
         \n\
         [supervisorctl]\n\
         serverurl = unix:///run/supervisor.sock\n\
         \n\
         [program:web]\n\
         command = /usr/bin/web --port 80%(process_num)02d\n\
         process_name = web%(process_num)d\n\
         numprocs = 2\n\
         user = www-data",
    );
}

fn words(option: &OptionText) -> String {
    let default = match option.default.strip_prefix('[') {
        None => format!("Default: `{}`.", option.default),
        Some(words) => match words.trim_end_matches(']') {
            "required" => "It must be there.".to_owned(),
            words => format!("Default: {words}."),
        },
    };
    let whose = if option.addition {
        " Only visord has it."
    } else {
        ""
    };
    format!("{} {default}{whose}", option.text)
}
