//! What TAB offers for names in the cluster, as they are at that moment.

use std::collections::BTreeSet;

use visord_xmlrpc::Value;

use super::processes::ALL_INFO;
use super::{Failure, Result};
use crate::ctl::process::{ProcessInfo, call, text};
use crate::ctl::session::Server;

/// What a method of this server says, a list.
fn list(server: &Server, method: &'static str) -> Result<Vec<Value>> {
    let all = call(&mut server.client()?, method, &[])?;
    let Value::Array(all) = all else {
        return Err(Failure::Incomplete("list"));
    };
    Ok(all)
}

/// The names of all applications.
pub fn applications(server: &Server) -> Result<Vec<String>> {
    let all = list(server, "supvisors.get_all_applications_info")?;
    all.iter().map(|it| text(it, "application_name")).collect()
}

/// All processes; nothing is known of them but their names.
pub fn processes(server: &Server) -> Result<Vec<ProcessInfo>> {
    let named = |process: &Value| {
        Ok(ProcessInfo {
            group: text(process, "application_name")?,
            name: text(process, "process_name")?,
            ..ProcessInfo::default()
        })
    };
    list(server, ALL_INFO)?.iter().map(named).collect()
}

/// The programs of this one instance.
pub fn programs(server: &Server) -> Result<Vec<String>> {
    let all = list(server, "supvisors.get_all_local_process_info")?;
    let names = all.iter().map(|process| text(process, "program_name"));
    let names: BTreeSet<String> = names.collect::<Result<_>>()?;
    Ok(names.into_iter().collect())
}

/// The instances: the names of their own, and where they are.
pub fn identifiers(server: &Server) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for instance in &list(server, "supvisors.get_all_instances_info")? {
        names.push(text(instance, "nick_identifier")?);
        names.push(text(instance, "identifier")?);
    }
    Ok(names)
}
