//! The pages (spec interfaces 5): made on the server, complete without JavaScript.
//!
//! Start reading with [`Page`], which says where each page is and who may see it. A page's module
//! fills a template that extends `layout.html` ([`frame`]). What a page asks to be done arrives as
//! a form or a link: [`action`] checks it, [`order`] (forms of our pages) and [`original`] (links
//! of the original) carry it out, and what came of it is a [`frame::Message`] above the next page.

pub mod about;
pub mod action;
pub mod config;
pub mod confirm;
pub mod events;
pub mod figures;
pub mod filter;
pub mod frame;
pub mod log;
pub mod order;
pub mod original;
pub mod process;
pub mod status;
pub mod tail;
pub mod work;

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};

use crate::answer::Refusal;
use crate::caller::{Caller, Right};
use crate::log_source::LogSource;
use crate::query::Parameters;
use crate::shield;
use crate::site::Site;

/// One page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// All processes, and what to do with them.
    Status,
    /// The end of a log.
    Tail,
    /// The log of a process.
    Log,
    /// The daemon's own log.
    Activity,
    /// The latest events.
    Events,
    /// A sign of life.
    Ok,
    /// Which daemon this is.
    About,
    /// What its configuration says.
    Config,
}

impl Page {
    /// All pages.
    pub const ALL: [Self; 8] = [
        Self::Status,
        Self::Tail,
        Self::Log,
        Self::Activity,
        Self::Events,
        Self::Ok,
        Self::About,
        Self::Config,
    ];

    /// The page of a path without its leading slashes.
    pub fn of(path: &str) -> Option<Self> {
        let path = if path.is_empty() { "index.html" } else { path };
        Self::ALL.into_iter().find(|page| page.path() == path)
    }

    /// Where it is.
    pub const fn path(self) -> &'static str {
        self.row().0
    }

    /// What its reader must be allowed to do.
    pub const fn right(self) -> Right {
        self.row().1
    }

    /// Path, right, and whether it shows logs or the configuration, which no cache should keep.
    const fn row(self) -> (&'static str, Right, bool) {
        match self {
            Self::Status => ("index.html", Right::View, false),
            Self::Tail => ("tail.html", Right::View, true),
            Self::Log => ("log.html", Right::View, true),
            Self::Activity => ("activity.html", Right::View, true),
            Self::Events => ("events.html", Right::View, false),
            Self::Ok => ("ok.html", Right::View, false),
            Self::About => ("about.html", Right::View, false),
            // command lines may hold secrets that cannot be recognized
            Self::Config => ("config.html", Right::Operate, true),
        }
    }

    /// Show it, or carry out the action that is asked for. `form` is the body of a POST.
    pub async fn answer(
        self,
        request: &HttpRequest,
        form: &[u8],
        site: &Site,
        caller: &Caller,
    ) -> HttpResponse {
        let form = String::from_utf8_lossy(form);
        let visit = Visit {
            request,
            site,
            caller,
            query: Parameters::of(request.query_string(), &form),
        };
        let response = self.respond(&visit, &form).await;
        let mut response = response.unwrap_or_else(HttpResponse::from);
        let (_, _, is_private) = self.row();
        if is_private {
            shield::keep_out_of_caches(&mut response);
        }
        response
    }

    async fn respond(self, visit: &Visit<'_>, form: &str) -> Result<HttpResponse, Refusal> {
        visit.check_right(self.right())?;
        match self {
            Self::Ok => Ok(HttpResponse::Ok()
                .insert_header(("Content-Type", "text/plain"))
                .body("OK")),
            Self::About => about::page(visit),
            Self::Config => config::page(visit),
            Self::Tail => tail::page(visit).await,
            Self::Log => log::page(visit, &LogSource::from_parameters(&visit.query)).await,
            Self::Activity => log::page(visit, &LogSource::Activity).await,
            Self::Events => events::page(visit),
            Self::Status => match action::answer(visit, form).await? {
                Some(response) => Ok(response),
                None => status::answer(visit).await,
            },
        }
    }
}

/// A request for a page.
pub struct Visit<'a> {
    /// The request.
    pub request: &'a HttpRequest,
    /// The listener it came through.
    pub site: &'a Site,
    /// Who asks.
    pub caller: &'a Caller,
    /// From the query and the form.
    pub query: Parameters,
}

impl Visit<'_> {
    /// Whether it is sent with this method.
    pub fn is(&self, method: &Method) -> bool {
        self.request.method() == method
    }

    /// That the caller's right contains this one.
    ///
    /// # Errors
    /// 403.
    fn check_right(&self, needed: Right) -> Result<(), Refusal> {
        if self.caller.may(needed) {
            return Ok(());
        }
        let (needed, own) = (needed.name(), self.caller.right.name());
        let why = format!("This needs the role {needed}; yours is {own}.");
        Err(Refusal::because(StatusCode::FORBIDDEN, why))
    }
}
