//! supvisors_breed: replaces groups in configuration files by N copies of them (spec cluster 10.4).
//!
//! [`options`] reads the command line, `pattern.rs` finds the files, `template.rs` reads them,
//! `groups.rs` makes the copies and `destination.rs` writes what results. Everything is read and
//! copied before the first file is written.

mod destination;
mod groups;
pub mod options;
mod pattern;
mod template;

use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::cli::{Parsed, arguments, report_usage_error};
use crate::visible::visible;
use groups::Templates;
use options::Options;

/// The whole program.
pub fn main() -> ExitCode {
    let (program, arguments) = arguments();
    let options = match options::parse(&program, &arguments) {
        Ok(Parsed::Run(options)) => options,
        Ok(Parsed::Print(text)) => return print(text.trim_end_matches('\n')),
        Err(error) => return report_usage_error(&program, &error),
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report("Error", &error);
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let say = |line: &str| {
        if options.verbose {
            print(line);
        }
    };
    say(&format!("ArgumentParser: {}", options.namespace()));
    let root = Path::new(&options.template);
    let paths = pattern::matches(root, &options.pattern)?;
    let files = paths.into_iter().map(|path| template::read(root, path));
    let mut templates = Templates::new(files.collect::<Result<_, _>>()?);
    for line in templates.found() {
        say(&line);
    }
    if templates.files().is_empty() {
        print("No configuration files found");
        return Ok(());
    }
    for (group, count) in &options.breed {
        for warning in templates.warnings(group) {
            report("Warning", &warning);
        }
        for line in templates.breed(group, *count, options.extra)? {
            say(&line);
        }
    }
    destination::write(Path::new(&options.destination), templates.files(), &say)
}

/// Prints a line. If the output is gone, the files still count.
fn print(line: &str) -> ExitCode {
    match writeln!(io::stdout(), "{line}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn report(what: &str, text: &str) {
    let mut stderr = io::stderr();
    let mut text = format!("{what}: {text}\n");
    if stderr.is_terminal() {
        text = visible(&text);
    }
    // if stderr is gone, the exit code still says it
    let _ = stderr.write_all(text.as_bytes());
}
