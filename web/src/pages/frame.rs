//! What every page of the web interface has around its content.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use slog::error;

use super::{Page, html};
use crate::answer;
use crate::caller::Caller;
use crate::site::Site;
use crate::state::STANDS_IN_FOR;

/// Filled into `layout.html`, which a page's template extends; the template's struct has it as
/// its field `frame`.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// Of the window.
    pub title: &'a str,
    /// The page it is around.
    pub here: Page,
    /// Told above the content: what came of an action. Empty for nothing.
    pub message: &'a str,
    /// Whether that is something that went wrong.
    pub failed: bool,
    /// Goes with every form.
    pub token: &'a str,
    /// Who looks at it.
    pub caller: &'a Caller,
    /// `identifier` of the daemon.
    pub identifier: &'a str,
    /// Which visord it is.
    pub build: &'a str,
    /// The Supervisor it stands in for.
    pub version: &'a str,
}

impl<'a> Frame<'a> {
    /// The frame of a page without a message.
    #[must_use]
    pub fn new(site: &'a Site, caller: &'a Caller, here: Page, title: &'a str) -> Self {
        Self {
            title,
            here,
            message: "",
            failed: false,
            token: &caller.token,
            caller,
            identifier: &site.state.board.identity().identifier,
            build: &site.state.build,
            version: STANDS_IN_FOR,
        }
    }

    /// The pages one can go to from every page: where each is, and its name. Those that the
    /// caller may not see are not among them.
    pub fn places(&self) -> impl Iterator<Item = &'static (Page, &'static str, &'static str)> {
        const PLACES: &[(Page, &str, &str)] = &[
            (Page::Status, "index.html", "Processes"),
            (Page::Events, "events.html", "Events"),
            (Page::Activity, "activity.html", "Activity log"),
            (Page::Config, "config.html", "Configuration"),
            (Page::About, "about.html", "About"),
        ];
        PLACES
            .iter()
            .filter(|(page, _, _)| self.caller.may(page.right()))
    }

    /// Whether this is the page.
    #[must_use]
    pub fn is(&self, page: &Page) -> bool {
        self.here == *page
    }
}

/// A page as an answer.
#[must_use]
pub fn respond(site: &Site, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(page) => html::respond(page),
        Err(reason) => {
            error!(site.state.log, "could not render a page: {reason}");
            answer::error(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}
