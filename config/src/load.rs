//! From a path to a [`Config`], or to everything that is wrong with it.

use std::path::Path;
use std::sync::Arc;

use visord_model::log_line::Level;

use crate::context::Context;
use crate::error::{ConfigError, Problem};
use crate::listing::{self, Listing};
use crate::sources::{Sources, read_sources};
use crate::templates::Templates;
use crate::types::{Config, HostContext, Overrides};
use crate::{group, http, rpcinterface, server, supvisors};

/// A configuration and its listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// What the daemon works with.
    pub config: Config,
    /// What may be shown of it.
    pub listing: Listing,
    /// To change the number of processes of a program.
    pub templates: Arc<Templates>,
    /// What keeps a daemon from starting with it; a running one can still use it.
    pub at_start: Vec<Problem>,
}

impl Loaded {
    /// Whether a daemon can start with it.
    ///
    /// # Errors
    /// The reasons why it cannot.
    pub fn startable(self) -> Result<Self, ConfigError> {
        if self.at_start.is_empty() {
            return Ok(self);
        }
        Err(ConfigError {
            problems: self.at_start,
        })
    }
}

/// Read the daemon's configuration: the file, what it includes, and the command line.
///
/// `path` is named in messages as given; it and every relative path in the file are taken
/// from `host.cwd`.
///
/// # Errors
/// All problems, in the order in which the original would meet them one by one.
pub fn read(path: &Path, overrides: &Overrides, host: &HostContext) -> Result<Loaded, ConfigError> {
    let sources = read_sources(path, host)?;
    interpret(sources, path, overrides, host)
}

pub(crate) fn interpret(
    sources: Sources,
    path: &Path,
    overrides: &Overrides,
    host: &HostContext,
) -> Result<Loaded, ConfigError> {
    let mut context = Context::new(&sources.document, path, host);
    context.problems.replace(sources.problems);
    context.remarks.replace(sources.remarks);
    for text in sources.exposed.remarks() {
        context.remark(Level::Critical, text);
    }

    let section = sources.document.section(server::SECTION);
    if section.is_none() {
        let message = ".ini file does not include supervisord section".to_owned();
        context.push(Problem::of_file(path, message));
    }
    let server = section.and_then(|it| server::read(&context.reader(it), overrides));
    if let Some(server) = &server {
        context.set_environment(&server.environment);
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
    rpcinterface::check_extras(&context, &rpc_interfaces, &http);
    let instance = supvisors::read(&context, &http);
    let at_start = context.problems.take();
    let (Some(mut server), true) = (server, problems.is_empty()) else {
        problems.extend(at_start);
        return Err(ConfigError { problems });
    };
    server.user = user;
    let listing = listing::list(&context, &server, overrides);
    let mut remarks = context.remarks.into_inner();
    remarks.sort_by_key(|remark| remark.level);
    let templates = Templates::of(&sources.document, path, host, &server.environment);
    let config = Config {
        path: path.to_owned(),
        server,
        http,
        rpc_interfaces,
        supvisors: instance,
        groups,
        remarks,
    };
    Ok(Loaded {
        config,
        listing,
        templates: Arc::new(templates),
        at_start,
    })
}
