//! `supervisord --check`: every problem of a configuration; nothing is started.

use std::process::ExitCode;

use visord_config::Problem;

use super::Source;

/// Exit code of a configuration with problems.
const INVALID: u8 = 2;

/// List all problems on stderr and what is merely suspicious on stdout.
pub(super) fn run(source: &Source) -> ExitCode {
    let report = visord_config::check(&source.path, &source.overrides, &source.context);
    for warning in &report.warnings {
        println!("warning: {}", described(warning));
    }
    match report.outcome {
        Ok(config) => {
            for remark in &config.remarks {
                println!("{}: {}", remark.level.code(), remark.text);
            }
            let processes: usize = config.groups.iter().map(|g| g.processes.len()).sum();
            let (path, groups) = (source.path.display(), config.groups.len());
            println!("{path}: {groups} groups, {processes} processes");
            ExitCode::SUCCESS
        }
        Err(error) => {
            for problem in &error.problems {
                eprintln!("error: {}", described(problem));
            }
            ExitCode::from(INVALID)
        }
    }
}

/// `FILE:LINE: [SECTION] KEY: message`, as far as it is known.
fn described(problem: &Problem) -> String {
    let mut text = problem.file.display().to_string();
    if let Some(line) = problem.line {
        text.push_str(&format!(":{line}"));
    }
    text.push(':');
    if let Some(section) = &problem.section {
        text.push_str(&format!(" [{section}]"));
    }
    if let Some(key) = &problem.key {
        text.push_str(&format!(" {key}:"));
    }
    format!("{text} {}", problem.message)
}
