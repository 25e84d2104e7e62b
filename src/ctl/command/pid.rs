//! `pid`: of the daemon or of its children.

use super::{Command, Completes, ExitStatus, Failure, Handler, Session};
use crate::ctl::names::{expand, means_all};
use crate::ctl::process::ProcessInfo;
use crate::ctl::session::json;

pub(super) const PID: Command = Command {
    completes: &[Completes::Processes],
    needs: "getVersion getPID getProcessInfo getAllProcessInfo",
    ..Command::new(
        "pid",
        "pid\tShow the process id of supervisord\n\
         pid <name>\tShow the process id of a process, 0 if it does not run\n\
         pid all\tShow the process id of every process, one per line",
        Handler::Arguments(run),
    )
};

fn run(session: &mut Session<'_>, names: &[&str]) -> Result<(), Failure> {
    let mut client = session.server.reach()?;
    if names.is_empty() {
        let pid = client.call("supervisor.getPID", &[])?;
        let pid = pid.as_int().ok_or(Failure::Incomplete("pid"))?;
        return session.tell(&format!("{pid}\n"), || pid.into());
    }
    if means_all(names) {
        let all = ProcessInfo::all(&mut client)?;
        return all.iter().try_for_each(|process| show(session, process));
    }
    for name in &expand(&mut client, names)? {
        match ProcessInfo::one(&mut client, name)? {
            Some(process) => {
                show(session, &process)?;
                if process.pid == 0 {
                    session.exit_status = ExitStatus::NotRunning;
                }
            }
            None => session.fail(ExitStatus::Generic, &format!("No such process {name}"))?,
        }
    }
    Ok(())
}

fn show(session: &mut Session<'_>, process: &ProcessInfo) -> Result<(), Failure> {
    session.tell_item(
        &format!("{}\n", process.pid),
        || json!({ "namespec": process.namespec(), "pid": process.pid }),
    )
}
