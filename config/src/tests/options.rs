//! Every option: what it is by default, what some texts mean, and what is refused.

mod show;
mod table;

use std::collections::BTreeSet;

use super::Place;
use crate::keys::{PROGRAM, kind_of, kinds};
use table::{Row, TABLE};

/// A complete file around an option of a section kind.
fn file(kind: &str, line: &str) -> String {
    let section = match kind {
        "supervisord" => return format!("[supervisord]\n{line}\n[supervisorctl]\n"),
        "supervisorctl" => "[supervisorctl]\n",
        "include" => "[include]\nfiles=\n",
        "inet_http_server" => "[inet_http_server]\nport=9001\n",
        "unix_http_server" => "[unix_http_server]\nfile=/run/s.sock\n",
        "web_user:" => {
            "[unix_http_server]\nfile=/run/s.sock\n[inet_http_server:b]\nport=1\n\
             [web_user:x]\npassword=p\n"
        }
        "program:" => "[program:x]\ncommand=/bin/cat\n",
        "eventlistener:" => "[eventlistener:x]\ncommand=/bin/cat\nevents=EVENT\n",
        "fcgi-program:" => "[fcgi-program:x]\ncommand=/bin/cat\nsocket=unix:///run/x\n",
        "group:" => "[program:a]\ncommand=/a\n[program:b]\ncommand=/b\n[group:x]\n",
        "rpcinterface:" => {
            "[rpcinterface:x]\n\
             supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
        }
        "ctlplugin:" => "[supervisorctl]\n[ctlplugin:x]\n",
        other => panic!("no file for {other}"),
    };
    format!("[supervisord]\n{section}{line}\n")
}

/// What the option turned out to be, or the first complaint.
fn outcome(row: &Row, line: &str) -> Result<String, String> {
    let place = Place::with(&file(row.kind, line));
    place.write("one.conf", "[program:one]\ncommand=/1\n");
    if matches!(row.kind, "supervisorctl" | "ctlplugin:") {
        let path = place.path("s.conf");
        let client = crate::load_client(Some(&path), &place.host());
        return client
            .map(|client| show::client(&client, row.key))
            .map_err(|error| error.to_string());
    }
    place
        .load()
        .map(|config| show::option(&config, row.kind, row.key))
        .map(|shown| shown.replace(&*place.host().cwd.to_string_lossy(), "@DIR@"))
        .map_err(|error| error.to_string())
}

#[test]
fn every_row_holds() {
    for row in TABLE {
        if row.kind != "ctlplugin:" {
            assert_eq!(outcome(row, ""), Ok(row.default.to_owned()), "{row:?}");
        }
        for (text, meaning) in row.good {
            let found = outcome(row, &format!("{}={text}", row.key));
            assert_eq!(found, Ok((*meaning).to_owned()), "{text:?} in {row:?}");
        }
        for (text, message) in row.bad {
            let found = outcome(row, &format!("{}={text}", row.key));
            let error = found.expect_err(text);
            assert!(error.starts_with(message), "{text:?} in {row:?}: {error}");
        }
    }
}

#[test]
fn every_option_has_a_good_and_a_bad_row() {
    let in_table: BTreeSet<(&str, &str)> = TABLE
        .iter()
        .filter(|row| !row.bad.is_empty() && (!row.good.is_empty() || row.kind == "ctlplugin:"))
        .map(|row| (row.kind, row.key))
        .collect();
    for kind in kinds() {
        let of_programs = kind_of(PROGRAM).filter(|program| program.name != kind.name);
        for key in kind.names() {
            // the common keys of programs are tested in [program:x]
            let is_common = ["eventlistener:", "fcgi-program:"].contains(&kind.name)
                && of_programs.is_some_and(|program| program.key(key).is_some());
            // the options of a cluster have defaults instead of errors: supvisors.rs
            let is_tested =
                in_table.contains(&(kind.name, key)) || kind.name == crate::rpcinterface::SUPVISORS;
            assert!(is_common || is_tested, "{} {key}", kind.name);
        }
    }
}
