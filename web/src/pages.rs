//! The pages (spec interfaces 5).

pub mod about;
pub mod action;
pub mod config;
pub mod confirm;
pub mod events;
pub mod figures;
pub mod filter;
pub mod frame;
pub mod html;
pub mod log;
pub mod order;
pub mod process;
pub mod status;
pub mod tail;
pub mod work;

use std::collections::BTreeMap;

use actix_web::http::header::{ACCEPT, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use filter::Filter;
use order::Order;

use crate::answer;
use crate::caller::{Caller, Right};
use crate::origin;
use crate::query;
use crate::route::refusal_if_foreign;
use crate::shield;
use crate::site::Site;

/// Bytes of a message from a URL that are shown; ours are shorter.
const LONGEST_MESSAGE: usize = 8192;

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
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        match path {
            "" | "index.html" => Some(Self::Status),
            "tail.html" => Some(Self::Tail),
            "log.html" => Some(Self::Log),
            "activity.html" => Some(Self::Activity),
            "events.html" => Some(Self::Events),
            "ok.html" => Some(Self::Ok),
            "about.html" => Some(Self::About),
            "config.html" => Some(Self::Config),
            _ => None,
        }
    }

    /// What its reader must be allowed to.
    #[must_use]
    pub const fn right(self) -> Right {
        match self {
            Self::Status
            | Self::Tail
            | Self::Log
            | Self::Activity
            | Self::Events
            | Self::Ok
            | Self::About => Right::View,
            // command lines may hold secrets that nobody can recognise
            Self::Config => Right::Operate,
        }
    }

    /// Whether it may hold forms, which belong to a session.
    #[must_use]
    pub const fn has_forms(self) -> bool {
        match self {
            Self::Status => true,
            Self::Tail
            | Self::Log
            | Self::Activity
            | Self::Events
            | Self::Ok
            | Self::About
            | Self::Config => false,
        }
    }

    /// Whether it shows logs or the configuration, which no cache should keep.
    const fn is_private(self) -> bool {
        match self {
            Self::Tail | Self::Log | Self::Activity | Self::Config => true,
            Self::Status | Self::Events | Self::Ok | Self::About => false,
        }
    }

    /// Show it, or carry out the action it was asked for. `form` is the body of a POST.
    pub async fn answer(
        self,
        request: &HttpRequest,
        form: &[u8],
        site: &Site,
        caller: &Caller,
    ) -> HttpResponse {
        let mut response = self.respond(request, form, site, caller).await;
        if self.is_private() {
            shield::keep_out_of_caches(&mut response);
        }
        response
    }

    async fn respond(
        self,
        request: &HttpRequest,
        form: &[u8],
        site: &Site,
        caller: &Caller,
    ) -> HttpResponse {
        if let Some(refusal) = refusal_of_right(caller, self.right()) {
            return refusal;
        }
        let form = String::from_utf8_lossy(form);
        let parameters = query::parameters(request.query_string(), &form);
        let posted = request.method() == Method::POST;
        let order = Order::of(&form);
        let get = |name: &str| parameters.get(name).map(String::as_str);
        let refused = |needed| refusal(request, site, caller, needed, get("token"));
        match self {
            Self::Ok => HttpResponse::Ok()
                .insert_header(("Content-Type", "text/plain"))
                .body("OK"),
            Self::About => about::page(site, caller),
            Self::Config => config::page(site, caller, get("section")),
            Self::Tail => tail::page(request, site, get("processname"), get("limit")).await,
            Self::Log => log::process(request, site, caller, &parameters).await,
            Self::Activity => log::activity(request, site, caller, &parameters).await,
            Self::Events => events::page(site, caller, &parameters),
            Self::Status => match (get("action"), order.filter(|_| posted)) {
                // HEAD asks what GET would say; it is no order
                (Some(_), _) if request.method() == Method::HEAD => html::respond(String::new()),
                (Some(action), _) => match refused(action::right(action)) {
                    None => action::perform(site, action, get("processname")).await,
                    Some(refusal) => refusal,
                },
                (None, Some(order)) => match refused(Right::Operate) {
                    None => obey(request, site, caller, order, &parameters).await,
                    Some(refusal) => refusal,
                },
                (None, None) => show(site, caller, &parameters).await,
            },
        }
    }
}

/// The refusal of somebody whose right does not contain this one.
fn refusal_of_right(caller: &Caller, needed: Right) -> Option<HttpResponse> {
    (!caller.may(needed)).then(|| {
        let (needed, own) = (needed.name(), caller.right.name());
        answer::explained(
            StatusCode::FORBIDDEN,
            &format!("This needs the role {needed}; yours is {own}."),
        )
    })
}

/// Every process, or one.
async fn show(site: &Site, caller: &Caller, parameters: &BTreeMap<String, String>) -> HttpResponse {
    let get = |name: &str| parameters.get(name).map(String::as_str);
    // a link may bring any text
    let message = get("message").map(|text| filter::shortened(text, LONGEST_MESSAGE));
    let failed = get("failed").is_some();
    status::refresh_usage(site).await;
    match get("process") {
        Some(process) => process::page(site, caller, process, message, failed),
        None => {
            let filter = Filter::new(get("q"), get("state"));
            status::page(site, caller, &filter, message, failed)
        }
    }
}

/// Carry out an order to its end, though the client may leave (decision Q23), then send the
/// client to the page it came from with a report; or ask back first. A script that accepts
/// nothing but `text/plain` gets the report itself, with 409 if something failed.
async fn obey(
    request: &HttpRequest,
    site: &Site,
    caller: &Caller,
    order: Order,
    parameters: &BTreeMap<String, String>,
) -> HttpResponse {
    let get = |name: &str| parameters.get(name).map(String::as_str);
    let filter = Filter::new(get("q"), get("state"));
    let process = get("process").unwrap_or_default();
    if order.is_to_be_asked_back() {
        let targets = order.targets(&site.state.board);
        if !targets.found.is_empty() {
            return confirm::page(site, caller, &order, &targets, &filter, process);
        }
    }
    match work::order(&site.state, order).await {
        Some(report) if wants_text(request) => {
            let status = if report.failed {
                StatusCode::CONFLICT
            } else {
                StatusCode::OK
            };
            answer::uncached(&mut HttpResponse::build(status))
                .insert_header((CONTENT_TYPE, "text/plain;charset=utf-8"))
                .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
                .body(report.text)
        }
        Some(report) => answer::see_other(&status::place(&filter, process, Some(&report))),
        None => answer::error(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn wants_text(request: &HttpRequest) -> bool {
    let accepted = request.headers().get(ACCEPT);
    accepted.is_some_and(|value| value == "text/plain")
}

/// The refusal of an action that the caller may not order, or that no page of ours asked for.
fn refusal(
    request: &HttpRequest,
    site: &Site,
    caller: &Caller,
    needed: Right,
    token: Option<&str>,
) -> Option<HttpResponse> {
    if let Some(refusal) = refusal_of_right(caller, needed) {
        return Some(refusal);
    }
    if let Some(refusal) = refusal_if_foreign(request, site) {
        return Some(refusal);
    }
    let why = if action::lacks_token(request, caller, token) {
        "This form is from another session, or from before a restart of the daemon. \
         Go back, reload the page and try again."
    } else if request.method() != Method::POST && origin::is_unexplained(request.headers()) {
        "Your browser does not tell which page asked for this; it may be another web site. \
         Use the buttons of the page of all processes."
    } else {
        return None;
    };
    Some(answer::explained(StatusCode::FORBIDDEN, why))
}
