//! From a path to a [`Config`], or to everything that is wrong with it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use visord_model::log_line::{Level, LogLine};

use crate::context::Context;
use crate::dialect::{Document, decode};
use crate::error::{ConfigError, Problem};
use crate::guard::Exposed;
use crate::listing::{self, Listing};
use crate::types::{Config, Overrides, Surroundings};
use crate::{group, http, include, rpcinterface, server};

/// Read the daemon's configuration: the file, what it includes, and the command line.
///
/// `path` is named in messages as given; it and every relative path in the file are taken
/// from `surroundings.cwd`.
///
/// # Errors
/// All problems, in the order in which the original would meet them one by one.
pub fn load(
    path: &Path,
    overrides: &Overrides,
    surroundings: &Surroundings,
) -> Result<Config, ConfigError> {
    let loaded = read(path, overrides, surroundings)?.startable()?;
    Ok(loaded.config)
}

/// A configuration, and what says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// What the daemon works with.
    pub config: Config,
    /// What people may look at.
    pub listing: Listing,
    /// What keeps a daemon from starting with it; one that runs can work with it.
    pub at_start: Vec<Problem>,
}

impl Loaded {
    /// Whether a daemon can start with it.
    ///
    /// # Errors
    /// What keeps it from that.
    pub fn startable(self) -> Result<Self, ConfigError> {
        if self.at_start.is_empty() {
            return Ok(self);
        }
        Err(ConfigError {
            problems: self.at_start,
        })
    }
}

/// As [`load`], with a list of what is written where.
///
/// # Errors
/// As of [`load`].
pub fn read(
    path: &Path,
    overrides: &Overrides,
    surroundings: &Surroundings,
) -> Result<Loaded, ConfigError> {
    let sources = read_sources(path, surroundings)?;
    interpret(sources, path, overrides, surroundings)
}

/// All files as one document, and what there is to say about them so far.
pub(crate) struct Sources {
    pub(crate) document: Document,
    pub(crate) problems: Vec<Problem>,
    pub(crate) remarks: Vec<LogLine>,
    pub(crate) exposed: Exposed,
}

/// Read the main file and its includes.
pub(crate) fn read_sources(
    path: &Path,
    surroundings: &Surroundings,
) -> Result<Sources, ConfigError> {
    let mut sources = read_file(path, surroundings)?;
    let nothing_readable = sources.document.sections().is_empty() && !sources.problems.is_empty();
    if nothing_readable {
        return Err(ConfigError {
            problems: sources.problems,
        });
    }
    let included = include::include(
        &mut sources.document,
        path,
        surroundings,
        &mut sources.exposed,
    );
    sources.problems.extend(included.problems);
    sources.remarks.extend(included.remarks);
    Ok(sources)
}

/// One file without its includes (spec core 1.1.1, 1.2).
pub(crate) fn read_file(path: &Path, surroundings: &Surroundings) -> Result<Sources, ConfigError> {
    let shown = path.display();
    let resolved = surroundings.cwd.join(path);
    if !resolved.exists() {
        let message = format!("could not find config file {shown}");
        return Err(whole_file(path, message));
    }
    let bytes = read_source(path, &resolved).map_err(|error| {
        let message = match error {
            Unread::Special(message) => message,
            Unread::Unreadable => format!("could not read config file {shown}"),
        };
        whole_file(path, message)
    })?;
    let text = decode(&bytes).map_err(|message| whole_file(path, message))?;
    let mut document = Document::default();
    let problems = document.read(text, &Arc::from(path));
    let mut exposed = Exposed::default();
    exposed.look(path, &resolved);
    Ok(Sources {
        document,
        problems,
        remarks: Vec::new(),
        exposed,
    })
}

/// Why a file was not read.
pub(crate) enum Unread {
    /// Reading a FIFO or a device might never end: the message.
    Special(String),
    /// The system refuses.
    Unreadable,
}

/// Read a regular file of the configuration; messages call it `shown`.
pub(crate) fn read_source(shown: &Path, path: &Path) -> Result<Vec<u8>, Unread> {
    visord_files::read_linked(path).map_err(|error| {
        if error.kind() == io::ErrorKind::Unsupported {
            Unread::Special(format!("config file {} is {error}", shown.display()))
        } else {
            Unread::Unreadable
        }
    })
}

/// Something is wrong with a file as a whole.
pub(crate) fn whole_file(path: &Path, message: String) -> ConfigError {
    ConfigError {
        problems: vec![Problem {
            file: path.to_owned(),
            line: None,
            section: None,
            key: None,
            message,
            quotes: false,
        }],
    }
}

pub(crate) fn interpret(
    sources: Sources,
    path: &Path,
    overrides: &Overrides,
    surroundings: &Surroundings,
) -> Result<Loaded, ConfigError> {
    let mut context = Context::new(&sources.document, path, surroundings);
    context.problems.replace(sources.problems);
    context.remarks.replace(sources.remarks);
    for text in sources.exposed.remarks() {
        context.remark(Level::Critical, text);
    }

    let server = sources.document.section(server::SECTION).map(|section| {
        let server = server::read(&context.reader(section), overrides);
        context.set_environment(&server.environment);
        server
    });
    if server.is_none() {
        let message = ".ini file does not include supervisord section".to_owned();
        let missing = whole_file(path, message);
        context.problems.borrow_mut().extend(missing.problems);
    }
    let rpc_interfaces = rpcinterface::read_all(&context);
    let groups = group::read_all(&context);
    let http = http::read_all(&context);
    let user = server::resolve_user(&context, overrides);
    if let Some(server) = &server {
        server::check_identifier(&context, server);
    }
    let mut problems = context.problems.take();
    // the original makes interfaces when it starts its first HTTP server
    if !http.is_empty() {
        rpcinterface::check_extras(&context, &rpc_interfaces);
    }
    let at_start = context.problems.take();
    let (Some(mut server), true) = (server, problems.is_empty()) else {
        problems.extend(at_start);
        return Err(ConfigError { problems });
    };
    server.user = user;
    let listing = listing::list(&context, &server, overrides);
    let mut remarks = context.remarks.into_inner();
    remarks.sort_by_key(|remark| remark.level);
    let config = Config {
        path: path.to_owned(),
        server,
        http,
        rpc_interfaces,
        groups,
        remarks,
    };
    Ok(Loaded {
        config,
        listing,
        at_start,
    })
}
