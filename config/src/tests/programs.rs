//! Programs, groups, listeners and FastCGI programs in each other's company.

use visord_model::log_line::Level;

use super::{config, variables, with_server};
use crate::{Config, GroupKind, LogTarget, ProcessConfig};

/// `group:process` of all, in order.
fn names(config: &Config) -> Vec<String> {
    let of = |group: &crate::GroupConfig| {
        let name = group.name.clone();
        let processes = group.processes.iter();
        processes
            .map(move |process| format!("{name}:{}", process.name))
            .collect::<Vec<_>>()
    };
    config.groups.iter().flat_map(of).collect()
}

fn first(config: &Config) -> &ProcessConfig {
    &config.groups[0].processes[0]
}

fn warnings(config: &Config) -> Vec<&str> {
    let warnings = config
        .remarks
        .iter()
        .filter(|line| line.level == Level::Warn);
    warnings.map(|line| line.text.as_str()).collect()
}

#[test]
fn processes_of_a_program_are_sorted_as_texts() {
    let config = with_server(
        "[program:m]\ncommand=x\nnumprocs=3\nnumprocs_start=9\n\
         process_name=%(program_name)s_%(process_num)d\n",
    );
    assert_eq!(names(&config), ["m:m_10", "m:m_11", "m:m_9"]);
}

#[test]
fn groups_are_sorted_by_priority_and_name() {
    let config = with_server(
        "[program:z]\ncommand=x\n[program:b]\ncommand=x\n[program:a]\ncommand=x\npriority=1000\n\
         [eventlistener:l]\ncommand=x\nevents=EVENT\n[group:g]\nprograms=b\npriority=5\n",
    );
    assert_eq!(names(&config), ["l:l", "g:b", "z:z", "a:a"]);
}

#[test]
fn members_keep_the_order_of_the_list() {
    let config = with_server(
        "[group:g]\nprograms= b , a\n[group:h]\nprograms=a\n\
         [program:a]\ncommand=%(group_name)s\npriority=1\n[program:b]\ncommand=x\n",
    );
    assert_eq!(names(&config), ["g:b", "g:a", "h:a"]);
    assert_eq!(config.groups[1].processes[0].command, "h");
}

#[test]
fn of_groups_of_one_name_the_first_stays() {
    let config = with_server(
        "[program:x]\ncommand=x\n[group:x]\npriority=1000\n[eventlistener:x]\ncommand=x\n\
         events=EVENT\n",
    );
    assert_eq!(names(&config), ["x:x"]);
    assert!(matches!(config.groups[0].kind, GroupKind::Listeners(_)));
    assert_eq!(
        warnings(&config),
        [
            "[eventlistener:x] and [program:x] both make a group named x, [program:x] has been \
             ignored",
            "[eventlistener:x] and [group:x] both make a group named x, [group:x] has been ignored"
        ]
    );
}

#[test]
fn a_fastcgi_program_keeps_its_socket_in_a_group() {
    let program = "[fcgi-program:f]\ncommand=x\nsocket=tcp://h:1\n";
    let config = with_server(&format!("[group:g]\nprograms=f\n{program}"));
    assert_eq!(config.groups[0].kind, GroupKind::Programs);
    let socket = first(&config).socket.as_ref().expect("a socket");
    assert_eq!(socket.url, "tcp://h:1");
    // 4.3.0 takes it without one, so it has to be accepted
    let config = with_server("[group:g]\nprograms=f\n[fcgi-program:f]\ncommand=x\n");
    assert_eq!(first(&config).socket, None);
}

#[test]
fn environments_are_merged_and_expanded() {
    let config = config(
        "[supervisord]\nenvironment=A=1,B=2\n\
         [program:x]\nenvironment=B=\"%(ENV_A)s3\",C=%(ENV_GREETING)s\ncommand=%(ENV_B)s %(ENV_C)s\n\
         directory=%(ENV_A)s\n",
    );
    let process = first(&config);
    let expected = variables(&[("A", "1"), ("B", "13"), ("C", "hi")]);
    assert_eq!(process.environment, expected);
    assert_eq!(process.command, "13 hi");
    assert_eq!(
        config.server.environment,
        variables(&[("A", "1"), ("B", "2")])
    );
}

#[test]
fn variables_of_a_process_are_seen_by_the_next_one() {
    let config = with_server(
        "[program:x]\ncommand=x\nnumprocs=2\nprocess_name=%(process_num)d\n\
         environment=N=%(process_num)d,GREETING=bye,G=%(ENV_GREETING)s\n",
    );
    let of = |at: usize| &config.groups[0].processes[at].environment;
    assert_eq!(
        of(0),
        &variables(&[("N", "0"), ("GREETING", "bye"), ("G", "hi")])
    );
    assert_eq!(
        of(1),
        &variables(&[("N", "1"), ("GREETING", "bye"), ("G", "hi")])
    );
}

#[test]
fn logs_that_mean_something_else_are_remarked_on() {
    let config = with_server(
        "[program:x]\ncommand=x\nstdout_logfile=syslog\nstderr_logfile=e.log\n\
         redirect_stderr=true\n",
    );
    let process = first(&config);
    assert_eq!(
        (&process.stdout.logfile, process.stdout.syslog),
        (&LogTarget::None, true)
    );
    assert_eq!(process.stderr.logfile, LogTarget::None);
    assert_eq!(
        warnings(&config),
        [
            "For [program:x], stdout_logfile=syslog but this is deprecated and will be removed.  \
             Use stdout_syslog=true to enable syslog instead.",
            "For [program:x], redirect_stderr=true but stderr_logfile has also been set to a \
             filename, the filename has been ignored",
        ]
    );
    let config = with_server(
        "[program:x]\ncommand=x\nstdout_logfile_maxbytes=0\nstderr_logfile=none\n\
         stderr_logfile_maxbytes=0\n",
    );
    assert_eq!(
        warnings(&config),
        [
            "For [program:x], AUTO logging used for stdout_logfile without rollover, set maxbytes > 0 \
          to avoid filling up filesystem unintentionally"
        ]
    );
}

#[test]
fn servers_are_inet_before_unix() {
    let config = with_server(
        "[unix_http_server]\nfile=/b\n[inet_http_serverfoo]\nport=2\n[unix_http_server:one]\n\
         file=/a\n[inet_http_server]\nport=1\n",
    );
    let sections: Vec<&str> = config
        .http
        .iter()
        .map(|http| http.section.as_str())
        .collect();
    assert_eq!(
        sections,
        [
            "inet_http_serverfoo",
            "inet_http_server",
            "unix_http_server",
            "unix_http_server:one"
        ]
    );
}

#[test]
fn many_processes_of_one_name_are_one() {
    let config = with_server(
        "[program:x]\ncommand=%(process_num)d\nnumprocs=3\nprocess_name=x%%(process_num)s\n",
    );
    assert_eq!(names(&config), ["x:x%(process_num)s"]);
    assert_eq!(first(&config).command, "2");
}
