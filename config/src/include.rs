//! `[include] files = ...` (spec core 1.6).

mod pattern;

use std::path::Path;
use std::sync::Arc;

use visord_model::log_line::{Level, LogLine};

use crate::context::Context;
use crate::dialect::{Document, decode, is_space};
use crate::error::Problem;
use crate::guard::Exposed;
use crate::load::{Unread, read_source, whole_file};
use crate::types::Surroundings;

const SECTION: &str = "include";

/// What including did besides filling the document.
#[derive(Default)]
pub(crate) struct Included {
    pub(crate) problems: Vec<Problem>,
    pub(crate) remarks: Vec<LogLine>,
}

/// Read all included files over the main one. An `[include]` in them has no effect.
pub(crate) fn include(
    document: &mut Document,
    path: &Path,
    surroundings: &Surroundings,
    exposed: &mut Exposed,
) -> Included {
    if document.section(SECTION).is_none() {
        return Included::default();
    }
    let (files, problems) = files_setting(document, path, surroundings);
    let mut done = Included {
        problems,
        remarks: Vec::new(),
    };
    let here = crate::context::here(path, surroundings);
    replace_here(document, &here);
    for pattern in files.split(is_space).filter(|pattern| !pattern.is_empty()) {
        // an absolute pattern stays as it is
        let joined = Path::new(&here).join(pattern);
        let joined = joined.to_string_lossy();
        let found = pattern::matches(&joined);
        if found.is_empty() {
            let text = format!("No file matches via include \"{joined}\"");
            done.remarks.push(LogLine::new(Level::Warn, text));
        }
        for file in found {
            let text = format!("Included extra file \"{file}\" during parsing");
            done.remarks.push(LogLine::new(Level::Info, text));
            include_file(document, Path::new(&file), &mut done, exposed);
        }
        exposed.look_at_pattern(&joined);
    }
    done
}

fn files_setting(
    document: &Document,
    path: &Path,
    surroundings: &Surroundings,
) -> (String, Vec<Problem>) {
    let context = Context::new(document, path, surroundings);
    let Some(section) = document.section(SECTION) else {
        return (String::new(), Vec::new());
    };
    let reader = context.reader(section);
    let node = surroundings.node_name.as_str();
    let scope = context.scope().text("host_node_name", node);
    if reader.raw("files").is_none() {
        reader.fail_section(".ini file has [include] section, but no files setting");
    }
    let files = reader.text(&scope, "files").unwrap_or_default();
    (files, context.problems.into_inner())
}

/// The text `%(here)s` in all values becomes the directory, without regard to `%%`
/// (spec core 1.5.5).
fn replace_here(document: &mut Document, directory: &str) {
    const HERE: &str = "%(here)s";
    document.map_values(|value| value.contains(HERE).then(|| value.replace(HERE, directory)));
}

/// A file that cannot be read is passed over in silence, as the original does. A FIFO or a device,
/// on which the original hangs, is a problem.
fn include_file(document: &mut Document, file: &Path, done: &mut Included, exposed: &mut Exposed) {
    let bytes = match read_source(file, file) {
        Ok(bytes) => bytes,
        Err(Unread::Unreadable) => return,
        Err(Unread::Special(message)) => {
            return done.problems.extend(whole_file(file, message).problems);
        }
    };
    exposed.look(file, file);
    let problems = match decode(&bytes) {
        Ok(text) => document.read(text, &Arc::from(file)),
        Err(message) => whole_file(file, message).problems,
    };
    done.problems.extend(problems);
    let directory = file.parent().unwrap_or(file);
    replace_here(document, &directory.to_string_lossy());
}
