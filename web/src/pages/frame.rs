//! What every page of the web interface has around its content.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use slog::error;

use super::{Page, Visit};
use crate::answer::{self, Refusal};
use crate::query;

/// `Content-Type` of pages.
pub const HTML: &str = "text/html;charset=utf-8";

/// Bytes of a message from a URL that are shown; ours are shorter.
const LONGEST_MESSAGE: usize = 8192;

/// What came of an action: shown above a page, and brought to it in its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// For people, a line for each kind of result.
    pub text: String,
    /// Whether anything failed.
    pub failed: bool,
}

impl Message {
    /// It was not even tried, or cannot be done.
    pub fn failure(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            failed: true,
        }
    }

    /// The message in a URL; a link may bring any text.
    fn of(visit: &Visit<'_>) -> Option<Self> {
        Some(Self {
            text: query::shortened(visit.query.get("message")?, LONGEST_MESSAGE).to_owned(),
            failed: visit.query.get("failed").is_some(),
        })
    }

    /// It as the end of a query, each part with `&` before it.
    pub fn parameters(&self) -> String {
        let failed = if self.failed { "&failed=yes" } else { "" };
        format!("&message={}{failed}", query::encoded(&self.text))
    }
}

/// Filled into `layout.html`, which a page's template extends; the template's struct has it as
/// its field `frame`.
pub struct Frame<'a> {
    /// Title of the window.
    pub title: &'a str,
    /// The page it is around.
    pub here: Page,
    /// Shown above the content.
    pub message: Option<Message>,
    /// Who looks at it, and the daemon.
    pub visit: &'a Visit<'a>,
}

impl<'a> Frame<'a> {
    /// The frame of a page without a message.
    pub fn new(visit: &'a Visit<'_>, here: Page, title: &'a str) -> Self {
        Self {
            title,
            here,
            message: None,
            visit,
        }
    }

    /// With the message that the URL brings.
    pub fn with_message(mut self) -> Self {
        self.message = Message::of(self.visit);
        self
    }

    /// The pages one can go to from every page, and their names. Those that the caller may not
    /// see are not among them.
    pub fn places(&self) -> impl Iterator<Item = &'static (Page, &'static str)> {
        const PLACES: &[(Page, &str)] = &[
            (Page::Status, "Processes"),
            (Page::Events, "Events"),
            (Page::Activity, "Activity log"),
            (Page::Config, "Configuration"),
            (Page::About, "About"),
        ];
        PLACES
            .iter()
            .filter(|(page, _)| self.visit.caller.may(page.right()))
    }
}

/// A page as an answer.
///
/// # Errors
/// As of [`render`].
pub fn respond(visit: &Visit<'_>, page: &impl Template) -> Result<HttpResponse, Refusal> {
    let page = render(visit, page)?;
    Ok(answer::uncached(StatusCode::OK, HTML).body(page))
}

/// A page as text.
///
/// # Errors
/// 500 if it cannot be rendered.
pub fn render(visit: &Visit<'_>, page: &impl Template) -> Result<String, Refusal> {
    page.render().map_err(|reason| {
        error!(visit.site.state.log, "could not render a page: {reason}");
        StatusCode::INTERNAL_SERVER_ERROR.into()
    })
}
