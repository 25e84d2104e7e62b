//! `[supervisorctl]` (spec core 1.15) and `[ctlplugin:x]` (spec interfaces 6.2).

use std::path::{Path, PathBuf};

use crate::context::{Context, Reader};
use crate::error::ConfigError;
use crate::expand::Scope;
use crate::load::{Sources, read_file, whole_file};
use crate::types::{ClientConfig, CtlPlugin, Surroundings};
use crate::value::{absolute, expand_home};

const SECTION: &str = "supervisorctl";
const PLUGIN: &str = "ctlplugin:";
const COMMAND: &str = "command";
const FACTORY: &str = "supervisor.ctl_factory";

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            serverurl: "http://localhost:9001".into(),
            username: None,
            password: None,
            prompt: "supervisor".to_owned(),
            history_file: None,
            tls_ca: None,
            tls_identity: None,
            plugins: Vec::new(),
        }
    }
}

/// Read what `supervisorctl` needs; without a file, the defaults. `[include]` means
/// nothing to it.
///
/// # Errors
/// As for the daemon; bad syntax, too, is told in one line (decision C40).
pub fn load_client(
    path: Option<&Path>,
    surroundings: &Surroundings,
) -> Result<ClientConfig, ConfigError> {
    let Some(path) = path else {
        return Ok(ClientConfig::default());
    };
    let Sources {
        document, problems, ..
    } = read_file(path, surroundings)?;
    if !problems.is_empty() {
        return Err(ConfigError { problems });
    }
    let context = Context::new(&document, path, surroundings);
    let Some(section) = document.section(SECTION) else {
        let message = ".ini file does not include supervisorctl section";
        return Err(whole_file(path, message.to_owned()));
    };
    let mut client = read(&context.reader(section));
    for section in context.sections_with(PLUGIN) {
        client.plugins.extend(read_plugin(&context.reader(section)));
    }
    let problems = context.problems.into_inner();
    if problems.is_empty() {
        Ok(client)
    } else {
        Err(ConfigError { problems })
    }
}

fn read(reader: &Reader<'_>) -> ClientConfig {
    let context = reader.context;
    let (bare, here) = (&context.bare_scope(), &context.scope());
    let default = ClientConfig::default();
    let serverurl = reader.secret(here, "serverurl");
    let prompt = reader.text(bare, "prompt");
    let username = reader.text(bare, "username");
    let password = reader.secret(bare, "password");
    let history_file = reader.text(here, "history_file");
    let tls_ca = reader.text(here, "tls_ca");
    let tls_identity = tls_identity(reader, here);
    let path = |text: &str| -> PathBuf {
        let surroundings = context.surroundings;
        absolute(&expand_home(text, surroundings), surroundings)
    };
    ClientConfig {
        serverurl: match serverurl {
            None => default.serverurl,
            Some(url) => match url.expose().strip_prefix("unix://") {
                Some(file) => format!("unix://{}", path(file).display()).into(),
                None => url,
            },
        },
        username,
        password,
        prompt: prompt.unwrap_or(default.prompt),
        history_file: history_file
            .filter(|file| !file.is_empty())
            .map(|file| path(&file)),
        tls_ca: tls_ca
            .filter(|file| !file.is_empty())
            .map(|file| path(&file)),
        tls_identity: tls_identity.map(|(cert, key)| (path(&cert), path(&key))),
        plugins: Vec::new(),
    }
}

/// Our own options: certificate and key, both or neither.
fn tls_identity(reader: &Reader<'_>, scope: &Scope<'_>) -> Option<(String, String)> {
    let file = |key| {
        let text = reader.text(scope, key);
        text.filter(|file| !file.is_empty())
    };
    let (given, missing) = match (file("tls_cert"), file("tls_key")) {
        (Some(cert), Some(key)) => return Some((cert, key)),
        (None, None) => return None,
        (Some(_), None) => ("tls_cert", "tls_key"),
        (None, Some(_)) => ("tls_key", "tls_cert"),
    };
    let message = format!("Section [{SECTION}] has {given} but no {missing}");
    reader.fail(given, message);
    None
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
        let scope = reader.context.bare_scope();
        return reader.value(&scope, FACTORY, |factory| {
            Err(format!(
                "{factory} cannot be resolved within [{section}]: it is Python code; name a \
                 program that does the same by {COMMAND}= (docs/supervisorctl.md)"
            ))
        });
    }
    let command = reader.value(&reader.context.scope(), COMMAND, |command| {
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
