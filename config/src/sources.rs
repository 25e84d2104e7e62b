//! All files of a configuration as one document: the main one and those of `[include] files = ...`
//! (spec core 1.6).

pub(crate) mod pattern;

use std::io;
use std::path::Path;
use std::sync::Arc;

use visord_model::log_line::{Level, LogLine};

use crate::context::{self, Context};
use crate::dialect::{Document, decode, is_space};
use crate::error::{ConfigError, Problem};
use crate::guard::Exposed;
use crate::types::HostContext;

pub(crate) use pattern::matches;

const SECTION: &str = "include";

/// All files as one document, and what there is to say about them so far.
#[derive(Default)]
pub(crate) struct Sources {
    pub(crate) document: Document,
    pub(crate) problems: Vec<Problem>,
    pub(crate) remarks: Vec<LogLine>,
    pub(crate) exposed: Exposed,
}

impl Sources {
    /// Of no file.
    pub(crate) fn of_text(text: &str) -> Self {
        let mut sources = Self::default();
        sources.problems = sources.document.read(text, &Arc::from(Path::new("")));
        sources
    }

    /// Reads a regular file over what is there; messages call it `shown`.
    /// Errors: why it cannot be used; `None`: the system refuses to read it.
    fn add(&mut self, shown: &Path, path: &Path) -> Result<(), Option<String>> {
        let bytes = visord_files::read_linked(path).map_err(|error| {
            // reading a FIFO or a device might never end
            let is_special = error.kind() == io::ErrorKind::Unsupported;
            is_special.then(|| format!("config file {} is {error}", shown.display()))
        })?;
        self.exposed.look(shown, path);
        let text = decode(&bytes).map_err(Some)?;
        let problems = self.document.read(text, &Arc::from(shown));
        self.problems.extend(problems);
        Ok(())
    }
}

/// Read the main file and its includes.
pub(crate) fn read_sources(path: &Path, host: &HostContext) -> Result<Sources, ConfigError> {
    let mut sources = read_file(path, host)?;
    if sources.document.sections().next().is_none() && !sources.problems.is_empty() {
        return Err(ConfigError {
            problems: sources.problems,
        });
    }
    include(&mut sources, path, host);
    Ok(sources)
}

/// One file without its includes (spec core 1.1.1, 1.2).
pub(crate) fn read_file(path: &Path, host: &HostContext) -> Result<Sources, ConfigError> {
    let shown = path.display();
    let resolved = host.cwd.join(path);
    let mut sources = Sources::default();
    let message = if !resolved.exists() {
        format!("could not find config file {shown}")
    } else if let Err(message) = sources.add(path, &resolved) {
        message.unwrap_or_else(|| format!("could not read config file {shown}"))
    } else {
        return Ok(sources);
    };
    Err(ConfigError::of_file(path, message))
}

/// Read all included files over the main one. An `[include]` in them has no effect.
fn include(sources: &mut Sources, path: &Path, host: &HostContext) {
    if sources.document.section(SECTION).is_none() {
        return;
    }
    let (files, problems) = files_setting(&sources.document, path, host);
    sources.problems.extend(problems);
    let here = context::here(path, host);
    replace_here(&mut sources.document, &here);
    for pattern in files.split(is_space).filter(|pattern| !pattern.is_empty()) {
        // an absolute pattern stays as it is
        let joined = Path::new(&here).join(pattern);
        let joined = joined.to_string_lossy();
        let found = pattern::matches(&joined);
        if found.is_empty() {
            let text = format!("No file matches via include \"{joined}\"");
            sources.remarks.push(LogLine::new(Level::Warn, text));
        }
        for file in found {
            let text = format!("Included extra file \"{file}\" during parsing");
            sources.remarks.push(LogLine::new(Level::Info, text));
            include_file(sources, Path::new(&file));
        }
        sources.exposed.look_at_pattern(&joined);
    }
}

fn files_setting(document: &Document, path: &Path, host: &HostContext) -> (String, Vec<Problem>) {
    let context = Context::new(document, path, host);
    let Some(section) = document.section(SECTION) else {
        return (String::new(), Vec::new());
    };
    let node = host.node_name.as_str();
    let reader = context.reader(section);
    let reader = reader.within(context.scope().text("host_node_name", node));
    if reader.raw("files").is_none() {
        reader.fail_section(".ini file has [include] section, but no files setting");
    }
    let files = reader.text("files").unwrap_or_default();
    (files, context.problems.into_inner())
}

/// The text `%(here)s` in all values becomes the directory, without regard to `%%`
/// (spec core 1.5.5).
fn replace_here(document: &mut Document, directory: &str) {
    const HERE: &str = "%(here)s";
    document.map_values(|value| value.contains(HERE).then(|| value.replace(HERE, directory)));
}

/// A file that cannot be read is ignored, as in the original. A FIFO or a device, on which the
/// original hangs, is a problem.
fn include_file(sources: &mut Sources, file: &Path) {
    match sources.add(file, file) {
        Ok(()) | Err(None) => {}
        Err(Some(message)) => sources.problems.push(Problem::of_file(file, message)),
    }
    let directory = file.parent().unwrap_or(file);
    replace_here(&mut sources.document, &directory.to_string_lossy());
}
