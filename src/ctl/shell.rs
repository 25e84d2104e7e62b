//! The shell: a prompt, a line, the next prompt (spec interfaces 4.9).

use super::attempt;
use super::failure::Failure;
use super::session::{Flow, Session};

/// Take lines until the user leaves.
///
/// # Errors
/// The terminal is gone.
pub fn run(session: &mut Session<'_>, prompt: &str) -> Result<(), Failure> {
    let prompt = format!("{prompt}> ");
    loop {
        let Some(line) = session.terminal.ask(&prompt)? else {
            return session.say("");
        };
        match attempt(session, &line)? {
            Flow::Continue => {}
            Flow::Leave => return Ok(()),
        }
    }
}
