//! What the status page is asked to do: a form of ours ([`Order`]) or an `action=` of the
//! original ([`original`]). Each is refused unless the caller may order it and a page of ours asked
//! for it, and is carried out to its end, though the client may leave (difference Q23).

use actix_web::HttpResponse;
use actix_web::http::header::ACCEPT;
use actix_web::http::{Method, StatusCode};

use super::filter::Filter;
use super::frame::{HTML, Message};
use super::order::Order;
use super::{Visit, confirm, original, work};
use crate::answer::{self, Refusal};
use crate::caller::Right;
use crate::origin;
use crate::query;

/// The answer to a request that asks for an action, `None` for any other.
///
/// # Errors
/// The refusal of an action that the caller may not order, or that no page of ours asked for.
pub async fn answer(visit: &Visit<'_>, form: &str) -> Result<Option<HttpResponse>, Refusal> {
    let order = Order::of(form).filter(|_| visit.is(&Method::POST));
    let response = match (visit.query.get("action"), order) {
        // HEAD asks what GET would say; it orders nothing
        (Some(_), _) if visit.is(&Method::HEAD) => answer::uncached(StatusCode::OK, HTML).body(""),
        (Some(action), _) => {
            check(visit, original::right(action))?;
            original::perform(visit, action).await?
        }
        (None, Some(order)) => {
            check(visit, Right::Operate)?;
            carry_out(visit, order).await?
        }
        (None, None) => return Ok(None),
    };
    Ok(Some(response))
}

fn check(visit: &Visit<'_>, needed: Right) -> Result<(), Refusal> {
    visit.check_right(needed)?;
    visit.site.check_origin(visit.request)?;
    let (is_post, headers) = (visit.is(&Method::POST), visit.request.headers());
    let has_token = |token| visit.caller.is_token(token);
    // scripts need no token, nor does a link that a browser follows from our pages or by hand
    let why = if is_post
        && origin::is_browser(headers)
        && !visit.query.get("token").is_some_and(has_token)
    {
        "This form is from another session, or from before a restart of the daemon. \
         Go back, reload the page and try again."
    } else if !is_post && origin::is_unexplained(headers) {
        "Your browser does not tell which page asked for this; it may be another web site. \
         Use the buttons of the page of all processes."
    } else {
        return Ok(());
    };
    Err(Refusal::because(StatusCode::FORBIDDEN, why))
}

/// Carry out an order, then send the client to the page it came from with a message; or ask for
/// confirmation first. A script that accepts nothing but `text/plain` gets the message itself,
/// with 409 if something failed.
async fn carry_out(visit: &Visit<'_>, order: Order) -> Result<HttpResponse, Refusal> {
    let state = &visit.site.state;
    if order.needs_confirmation() {
        let targets = order.targets(&state.board);
        if !targets.found.is_empty() {
            return confirm::page(visit, &order, &targets);
        }
    }
    let message = work::perform(state, order).await;
    let message = message.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    let accepted = visit.request.headers().get(ACCEPT);
    if accepted.is_none_or(|value| value != "text/plain") {
        return Ok(answer::see_other(&place(visit, Some(&message))));
    }
    let status = if message.failed {
        StatusCode::CONFLICT
    } else {
        StatusCode::OK
    };
    Ok(answer::uncached(status, "text/plain;charset=utf-8").body(message.text))
}

/// Where the page of a form is: the processes that its filter shows, or one process; with a
/// message above.
pub fn place(visit: &Visit<'_>, message: Option<&Message>) -> String {
    let process = visit.query.get("process");
    let process = process.map(|name| format!("&process={}", query::encoded(name)));
    let message = message.map(Message::parameters);
    let filter = Filter::of(visit).parameters();
    index(&(process.unwrap_or_default() + &message.unwrap_or_default() + &filter))
}

/// The status page with these parameters, each with `&` before it.
pub fn index(parameters: &str) -> String {
    match parameters.strip_prefix('&') {
        Some(parameters) => format!("index.html?{parameters}"),
        None => "index.html".to_owned(),
    }
}
