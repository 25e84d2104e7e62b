//! The pages (spec interfaces 5).

pub mod action;
pub mod frame;
pub mod html;
pub mod status;
pub mod tail;

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};

use crate::answer;
use crate::caller::{Caller, Right};
use crate::query;
use crate::route::refusal_if_foreign;
use crate::site::Site;

/// One page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// All processes, and what to do with them.
    Status,
    /// The end of a log.
    Tail,
    /// A sign of life.
    Ok,
}

impl Page {
    /// All pages.
    pub const ALL: [Self; 3] = [Self::Status, Self::Tail, Self::Ok];

    /// The page of a path without its leading slashes.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        match path {
            "" | "index.html" => Some(Self::Status),
            "tail.html" => Some(Self::Tail),
            "ok.html" => Some(Self::Ok),
            _ => None,
        }
    }

    /// What its reader must be allowed to.
    #[must_use]
    pub const fn right(self) -> Right {
        match self {
            Self::Status | Self::Tail | Self::Ok => Right::View,
        }
    }

    /// Whether it may hold forms, which belong to a session.
    #[must_use]
    pub const fn has_forms(self) -> bool {
        match self {
            Self::Status => true,
            Self::Tail | Self::Ok => false,
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
        if let Some(refusal) = refusal_of_right(caller, self.right()) {
            return refusal;
        }
        let form = String::from_utf8_lossy(form);
        let parameters = query::parameters(request.query_string(), &form);
        let posted = request.method() == Method::POST;
        let get = |name: &str| parameters.get(name).map(String::as_str);
        match self {
            Self::Ok => HttpResponse::Ok()
                .insert_header(("Content-Type", "text/plain"))
                .body("OK"),
            Self::Tail => tail::page(site, get("processname"), get("limit")).await,
            Self::Status => {
                let pressed = action::pressed(&parameters).filter(|_| posted);
                let asked = get("action").map(|action| (action, get("processname")));
                let asked = asked.or(pressed.map(|(action, name)| (action, Some(name))));
                match asked {
                    // HEAD asks what GET would say; it is no order
                    Some(_) if request.method() == Method::HEAD => html::respond(String::new()),
                    None => status::page(site, caller, get("message")),
                    Some((action, name)) => {
                        let refusal = refusal(request, site, caller, get("token"))
                            .or_else(|| refusal_of_right(caller, action::right(action)));
                        if let Some(refusal) = refusal {
                            return refusal;
                        }
                        action::perform(site, action, name).await
                    }
                }
            }
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

/// The refusal of an action that no page of ours asked for.
fn refusal(
    request: &HttpRequest,
    site: &Site,
    caller: &Caller,
    token: Option<&str>,
) -> Option<HttpResponse> {
    refusal_if_foreign(request, site).or_else(|| {
        action::lacks_token(request, caller, token).then(|| {
            answer::explained(
                StatusCode::FORBIDDEN,
                "This form is from another session, or from before a restart of the daemon. \
                 Go back, reload the page and try again.",
            )
        })
    })
}
