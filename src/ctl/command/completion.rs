//! `completion`: scripts that make the system's shells complete our command line. Not in
//! the original.

use super::{Command, Completes, Failure, Handler, Session};

pub(super) const COMPLETION: Command = Command {
    completes: &[Completes::Words(&["bash", "fish", "zsh"])],
    addition: true,
    ..Command::new(
        "completion",
        "completion bash\tPrint the bash completion script\n\
         completion zsh\tPrint the zsh completion script\n\
         completion fish\tPrint the fish completion script",
        Handler::Arguments(run),
    )
};

fn run(session: &mut Session<'_>, arguments: &[&str]) -> Result<(), Failure> {
    let script = match arguments {
        ["bash"] => include_str!("../complete/supervisorctl.bash"),
        ["zsh"] => include_str!("../complete/supervisorctl.zsh"),
        ["fish"] => include_str!("../complete/supervisorctl.fish"),
        _ => {
            return Err(Failure::misused(
                "Error: completion requires bash, zsh or fish",
            ));
        }
    };
    session.tell(script, || script.into())
}
