//! supervisord: load the configuration, start, daemonize, run; perhaps again.
//!
//! [`main`] is ordinary sequential code on the one thread there is, in the order of spec core 3;
//! actors exist only inside `wiring::run`. Reading order: [`options`] is the command line, `start`
//! what a run needs before actors exist (at the first start and after a restart), `listeners` the
//! sockets, `wiring` the actors and the web server of one run.
//!
//! Until actors run, every error ends the daemon with everything removed that it made. After that
//! it ends only when it is told to: what fails at a restart is logged and worked around.

mod daemonize;
mod listeners;
pub mod options;
mod privileges;
mod start;
mod wiring;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use visord_actors::spawn::{Limit, SpawnerHandle, SpawnerOptions};
use visord_actors::supervisor::{Ending, Loader};
use visord_config::{ConfigError, HostContext, Loaded, Overrides, Problem};
use visord_logs::workers::Workers;

use crate::cli::{self, Parsed};
use daemonize::Readiness;
use options::Options;
use start::Running;
use wiring::shortage;

/// Exit code after an internal error (EX_SOFTWARE of sysexits.h).
const SOFTWARE: u8 = 70;

/// All it takes to load the configuration, also again.
#[derive(Clone)]
struct Source {
    /// As messages show it; found from the working directory of the start (difference C27).
    path: PathBuf,
    overrides: Overrides,
    context: HostContext,
}

impl Source {
    /// The file of the options, or the first at the default places; an error if there is none.
    fn find(program: &str, options: Options, context: HostContext) -> Result<Self, String> {
        let path = match options.config {
            Some(path) => path,
            None => {
                let path = visord_config::find_config(program, &context)?;
                if nix::unistd::getuid().is_root() {
                    eprintln!("{ROOT_WARNING}");
                }
                path
            }
        };
        Ok(Self {
            path,
            overrides: options.overrides,
            context,
        })
    }

    fn load(&self) -> Result<Loaded, ConfigError> {
        visord_config::read(&self.path, &self.overrides, &self.context)
    }
}

/// Spec core 1.1.4.
const ROOT_WARNING: &str = "Supervisord is running as root and it is searching for its \
    configuration file in default locations (including its current working directory); you \
    probably want to specify a \"-c\" argument specifying an absolute path to a configuration \
    file for improved security.";

/// The whole program.
pub fn main() -> ExitCode {
    let (program, arguments) = cli::arguments();
    run(&program, &arguments).unwrap_or_else(|error| cli::report_usage_error(&program, &error))
}

fn run(program: &str, arguments: &[String]) -> Result<ExitCode, String> {
    let cwd = env::current_dir()
        .map_err(|error| format!("could not determine the working directory: {error}"))?;
    let context = cli::host_context(cwd);
    let options = match options::parse(program, arguments, &context)? {
        Parsed::Run(options) => *options,
        Parsed::Print(text) => {
            print!("{text}");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let only_check = options.check;
    let source = Source::find(program, options, context)?;
    if only_check {
        return Ok(check(&source));
    }
    let loaded = source.load().and_then(Loaded::startable);
    let loaded = loaded.map_err(|error| error.first().to_owned())?;
    let is_daemon = !loaded.config.server.nodaemon;
    let readiness = is_daemon.then(daemonize::split).transpose()?;
    supervise(&source, loaded, readiness)
}

/// Start and run until told to end; after a restart run again with the new configuration.
fn supervise(
    source: &Source,
    loaded: Loaded,
    readiness: Option<Readiness>,
) -> Result<ExitCode, String> {
    let remarks = privileges::raise_limits(&loaded.config.server)?;
    let descriptors = privileges::raise_own_descriptors();
    let mut running = Running::start(&loaded.config, remarks, readiness)?;
    privileges::reserve_memory();
    let ended = start_threads(descriptors)
        .and_then(|threads| run_until_ended(source, loaded, &mut running, &threads));
    match &ended {
        Ok(Ending::Failed) => {
            let text = "the Supervisor failed; every program was stopped, supervisord ends";
            slog::crit!(running.activity.logger(), "{text}");
            eprintln!("Error: {text}");
        }
        // standard error may be gone already, so the log also says why
        Err(error) => slog::crit!(running.activity.logger(), "{error}"),
        Ok(Ending::Shutdown | Ending::Restart(_)) => {}
    }
    running.stop();
    Ok(match ended? {
        Ending::Failed => ExitCode::from(SOFTWARE),
        Ending::Shutdown | Ending::Restart(_) => ExitCode::SUCCESS,
    })
}

/// One run after the other, until one does not end with a restart; an error if the first could not
/// begin.
fn run_until_ended(
    source: &Source,
    mut loaded: Loaded,
    running: &mut Running,
    threads: &Threads,
) -> Result<Ending, String> {
    let source = source.clone();
    let loader: Loader = Arc::new(move || source.load());
    loop {
        match wiring::run(Arc::clone(&loader), loaded, running, threads)? {
            Ending::Restart(next) => loaded = *next,
            ending @ (Ending::Shutdown | Ending::Failed) => return Ok(ending),
        }
        running.restart(&loaded.config);
    }
}

/// The threads that outlive a restart.
type Threads = (SpawnerHandle, Workers);

/// Start them, only after the fork and the change of user.
fn start_threads(descriptors: Option<Limit>) -> Result<Threads, String> {
    wiring::prepare()?;
    let spawner = SpawnerHandle::start(SpawnerOptions {
        portable: false,
        descriptors,
    });
    Ok((
        spawner.map_err(shortage("the spawner thread"))?,
        Workers::start().map_err(shortage("the worker threads"))?,
    ))
}

/// Exit code of a configuration with problems.
const INVALID: u8 = 2;

/// List all problems on stderr and what is merely suspicious on stdout.
fn check(source: &Source) -> ExitCode {
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
