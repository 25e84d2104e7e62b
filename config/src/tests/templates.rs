//! More or fewer processes of a program than its section says.

use std::path::Path;

use super::Place;
use crate::{Config, ConfigError, GroupConfig, Loaded, Overrides, ProcessConfig, read};

const POOL: &str = "process_name=%(program_name)s_%(process_num)02d\nnumprocs=2\n";

fn group<'a>(config: &'a Config, name: &str) -> &'a GroupConfig {
    let mut groups = config.groups.iter();
    groups.find(|group| group.name == name).expect("a group")
}

fn loaded(place: &Place) -> Loaded {
    let path = Path::new("s.conf");
    read(path, &Overrides::default(), &place.host()).expect("valid")
}

fn with_server(text: &str) -> Loaded {
    loaded(&Place::with(&format!("[supervisord]\n{text}")))
}

/// What the program of this group would have.
fn expanded(
    loaded: &Loaded,
    program: &str,
    name: &str,
    numprocs: u32,
) -> Result<Vec<ProcessConfig>, ConfigError> {
    let group = group(&loaded.config, name);
    let processes = loaded.templates.processes(program, group, numprocs)?;
    Ok(processes
        .iter()
        .map(|it| ProcessConfig::clone(it))
        .collect())
}

#[test]
fn programs_and_ranks_are_known() {
    let text = format!("[program:p]\ncommand=x\nnumprocs_start=9\n{POOL}[group:g]\nprograms=p\n");
    let config = with_server(&text);
    let processes = group(&config.config, "g").processes.iter();
    let places: Vec<_> = processes
        .map(|it| (it.name.as_str(), &*it.program, it.index))
        .collect();
    assert_eq!(places, [("p_09", "p", 0), ("p_10", "p", 1)]);
}

/// A program with as many processes as the file says is what the file says; others differ in
/// their number alone.
#[test]
fn every_value_is_expanded_again() {
    let body = "command=run %(process_num)d of %(numprocs)d in %(group_name)s %(ENV_GREETING)s\n\
                environment=N=\"%(process_num)d\",OURS=\"%(ENV_OURS)s\"\nuser=root\n\
                numprocs_start=3\nstdout_logfile=@DIR@/%(program_name)s-%(process_num)d.log\n\
                directory=%(here)s/%(process_num)d\npriority=7\n";
    let text = |numprocs: u32| {
        format!(
            "[supervisord]\nenvironment=OURS=\"yes\"\n[group:g]\nprograms=q,p\n[group:h]\nprograms=p\n\
             [program:q]\ncommand=x\n[program:p]\n{body}{}",
            POOL.replace("numprocs=2", &format!("numprocs={numprocs}"))
        )
    };
    let place = Place::with(&text(2));
    let two = loaded(&place);
    for numprocs in [1, 2, 12] {
        place.write("s.conf", &text(numprocs));
        let file = loaded(&place);
        for name in ["g", "h"] {
            let processes = group(&file.config, name).processes.iter();
            let of_program = processes.filter(|it| *it.program == *"p");
            let expected: Vec<_> = of_program.map(|it| ProcessConfig::clone(it)).collect();
            assert_eq!(expanded(&two, "p", name, numprocs), Ok(expected));
        }
    }
}

#[test]
fn pools_and_fastcgi_programs_have_templates_too() {
    let text = format!(
        "[eventlistener:l]\ncommand=x\nevents=EVENT\n{POOL}\
         [fcgi-program:f]\ncommand=x\nsocket=unix:///tmp/%(program_name)s.sock\n{POOL}"
    );
    let config = with_server(&text);
    let names = |program| {
        let processes = expanded(&config, program, program, 3).expect("expanded");
        processes
            .iter()
            .map(|it| it.name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("l"), ["l_00", "l_01", "l_02"]);
    assert_eq!(names("f"), ["f_00", "f_01", "f_02"]);
    let processes = expanded(&config, "f", "f", 3).expect("expanded");
    let socket = group(&config.config, "f").processes[0].socket.clone();
    assert!(socket.is_some());
    assert!(processes.iter().all(|it| it.socket == socket));
}

#[test]
fn a_name_without_a_number_is_for_one_process() {
    let config = with_server("[program:p]\ncommand=x\n[program:q]\ncommand=x\n");
    for program in ["p", "unknown"] {
        let refused = expanded(&config, program, "p", 2).expect_err("refused");
        assert_eq!(
            refused.outline(),
            format!("the processes of {program} have no number in their names")
        );
    }
}

#[test]
fn what_is_kept_shows_no_value() {
    let secret = format!("[program:p]\ncommand=x\nenvironment=PASSWORD=\"hush\"\n{POOL}");
    let config = with_server(&secret);
    assert_eq!(format!("{:?}", config.templates), "[\"program:p\"]");
}
