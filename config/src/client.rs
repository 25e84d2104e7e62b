//! `[supervisorctl]` (spec core 1.15) and `[ctlplugin:x]` (spec interfaces 6.2).

use std::path::Path;

use crate::context::{Context, Reader};
use crate::error::ConfigError;
use crate::sources::{Sources, read_file};
use crate::types::{ClientConfig, CtlPlugin, HostContext};

const SECTION: &str = "supervisorctl";
const PLUGIN: &str = "ctlplugin:";
const COMMAND: &str = "command";
const FACTORY: &str = "supervisor.ctl_factory";
/// What the original's commands for Supvisors are loaded by. They are built into our client.
const SUPVISORS: &str = "supvisors.supvisorsctl:make_supvisors_controller_plugin";

/// Read what `supervisorctl` needs; without a file, the defaults. `[include]` means
/// nothing to it.
///
/// # Errors
/// As for the daemon; bad syntax, too, is one line (difference C40).
pub fn load_client(path: Option<&Path>, host: &HostContext) -> Result<ClientConfig, ConfigError> {
    let sources = match path {
        Some(path) => read_file(path, host)?,
        None => Sources::of_text(&format!("[{SECTION}]")),
    };
    let path = path.unwrap_or(Path::new(""));
    let Sources {
        document, problems, ..
    } = sources;
    if !problems.is_empty() {
        return Err(ConfigError { problems });
    }
    let context = Context::new(&document, path, host);
    let Some(section) = document.section(SECTION) else {
        let message = ".ini file does not include supervisorctl section";
        return Err(ConfigError::of_file(path, message.to_owned()));
    };
    let client = read(&context.reader(section));
    let plugins = context
        .readers(PLUGIN)
        .filter(|reader| !is_built_in(reader))
        .filter_map(|reader| read_plugin(&reader))
        .collect();
    let supvisors = context
        .readers(PLUGIN)
        .any(|reader| reader.raw(FACTORY) == Some(SUPVISORS));
    let problems = context.problems.into_inner();
    match client {
        Some(client) if problems.is_empty() => Ok(ClientConfig {
            plugins,
            supvisors,
            ..client
        }),
        _ => Err(ConfigError { problems }),
    }
}

fn read(reader: &Reader<'_>) -> Option<ClientConfig> {
    let bare = reader.bare();
    let serverurl = reader.secret("serverurl")?;
    Some(ClientConfig {
        serverurl: match serverurl.expose().strip_prefix("unix://") {
            Some(file) => format!("unix://{}", reader.path_of(file).display()).into(),
            None => serverurl,
        },
        prompt: bare.text("prompt")?,
        username: bare.text("username"),
        password: bare.secret("password"),
        history_file: reader.path("history_file"),
        tls_ca: reader.path("tls_ca"),
        tls_identity: reader.certificate_and_key(reader.path("tls_cert"), reader.path("tls_key")),
        plugins: Vec::new(),
        supvisors: false,
    })
}

/// Whether a section only asks for commands that our client has anyway.
fn is_built_in(reader: &Reader<'_>) -> bool {
    reader.raw(COMMAND).is_none() && reader.raw(FACTORY) == Some(SUPVISORS)
}

/// A program that is a command. The original's plug-ins are Python code, which no other program
/// can load: a section that has nothing else to offer is an error that says what can be had.
fn read_plugin(reader: &Reader<'_>) -> Option<CtlPlugin> {
    let section = &reader.section.name;
    let name = section.strip_prefix(PLUGIN).unwrap_or_default();
    if reader.raw(COMMAND).is_none() {
        if reader.raw(FACTORY).is_none() {
            let message = format!("section [{section}] does not specify a {FACTORY} or {COMMAND}");
            reader.fail_section(&message);
            return None;
        }
        return reader.bare().value(FACTORY, |factory| {
            Err(format!(
                "{factory} cannot be resolved within [{section}]: it is Python code; name a \
                 program that does the same by {COMMAND}= (docs/supervisorctl.md)"
            ))
        });
    }
    let command = reader.value(COMMAND, |command| {
        if command.trim().is_empty() {
            return Err("it is empty".to_owned());
        }
        Ok(command.to_owned())
    })?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        reader.fail_section(&format!(
            "section [{section}]: the name of a command is letters, digits and _"
        ));
        return None;
    }
    Some(CtlPlugin {
        name: name.to_owned(),
        command,
    })
}
