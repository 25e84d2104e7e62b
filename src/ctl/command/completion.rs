//! `completion`: scripts that make the system's shells complete our command line. Not in
//! the original.

use super::{Command, Completes};
use crate::ctl::exit_status::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::help::Part;
use crate::ctl::session::{Flow, Session};

pub(super) const COMPLETION: Command = Command {
    name: "completion",
    help: &[
        Part::Usage(
            "completion bash",
            "Print a script that makes bash complete this command",
        ),
        Part::Usage("completion zsh", "The same for zsh"),
        Part::Usage("completion fish", "The same for fish"),
    ],
    options: &[],
    completes: &[Completes::Words(&["bash", "fish", "zsh"])],
    needs: &[],
    addition: true,
    run,
};

fn run(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let script = match argument {
        "bash" => include_str!("../complete/supervisorctl.bash"),
        "zsh" => include_str!("../complete/supervisorctl.zsh"),
        "fish" => include_str!("../complete/supervisorctl.fish"),
        _ => {
            let message = "Error: completion requires bash, zsh or fish";
            return COMPLETION.misused(session, ExitStatus::Generic, message);
        }
    };
    session.tell(script, || script.into())?;
    Ok(Flow::Continue)
}
