//! Print what is wrong with a configuration file: `check FILE`, or `check --all FILE` for
//! every problem and warning with its place.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use visord_config::{Overrides, Problem, Surroundings, check};

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let all = arguments.iter().any(|argument| argument == "--all");
    arguments.retain(|argument| argument != "--all");
    let Some(file) = arguments.first() else {
        eprintln!("usage: check [--all] FILE");
        return ExitCode::from(2);
    };
    let surroundings = Surroundings {
        environment: visord_config::environment(std::env::vars()),
        node_name: nix::sys::utsname::uname()
            .map(|names| names.nodename().to_string_lossy().into_owned())
            .unwrap_or_default(),
        cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
    };
    let report = check(Path::new(file), &Overrides::default(), &surroundings);
    if all {
        report
            .warnings
            .iter()
            .for_each(|warning| print("warning", warning));
    }
    match report.outcome {
        Ok(config) => {
            if all {
                println!("{config:#?}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            if all {
                error
                    .problems
                    .iter()
                    .for_each(|problem| print("error", problem));
            }
            eprintln!("Error: {error}");
            ExitCode::from(2)
        }
    }
}

fn print(kind: &str, problem: &Problem) {
    let line = problem
        .line
        .map_or(String::new(), |line| format!(":{line}"));
    println!("{}{line}: {kind}: {problem}", problem.file.display());
}
