//! The pages (spec interfaces 5).

pub mod action;
pub mod html;
pub mod status;
pub mod tail;

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};

use crate::answer;
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

    /// Show it, or carry out the action it was asked for. `form` is the body of a POST.
    pub async fn answer(self, request: &HttpRequest, form: &[u8], site: &Site) -> HttpResponse {
        let form = String::from_utf8_lossy(form);
        let parameters = query::parameters(request.query_string(), &form);
        let get = |name: &str| parameters.get(name).map(String::as_str);
        match self {
            Self::Ok => HttpResponse::Ok()
                .insert_header(("Content-Type", "text/plain"))
                .body("OK"),
            Self::Tail => tail::page(site, get("processname"), get("limit")).await,
            Self::Status => match get("action") {
                // HEAD asks what GET would say; it is no order
                Some(_) if request.method() == Method::HEAD => html::respond(String::new()),
                None => status::page(site, get("message")),
                Some(action) => {
                    if let Some(refusal) = refusal_if_foreign(request, site) {
                        return refusal;
                    }
                    if action::lacks_token(request, site, get("token")) {
                        return answer::explained(
                            StatusCode::FORBIDDEN,
                            "This form is from before a restart of the daemon. \
                             Go back, reload the page and try again.",
                        );
                    }
                    action::perform(site, action, get("processname")).await
                }
            },
        }
    }
}
