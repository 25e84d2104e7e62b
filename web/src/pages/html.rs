//! What all pages share.

use actix_web::HttpResponse;
use actix_web::http::header;

use crate::answer;

/// A page as an answer.
#[must_use]
pub fn respond(page: String) -> HttpResponse {
    answer::uncached(&mut HttpResponse::Ok())
        .insert_header((header::CONTENT_TYPE, "text/html;charset=utf-8"))
        .body(page)
}

/// Text for a page as the original escapes it: `&` is left alone where it looks like the begin
/// of an entity (spec interfaces 5.6), so `&lt;` in a log shows as `<`. Nothing that is left
/// alone can open a tag.
#[must_use]
pub fn escaped_like_the_original(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for (at, character) in text.char_indices() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' if !is_entity(&text[at + 1..]) => out.push_str("&amp;"),
            '\n' | '\t' => out.push(character),
            // a carriage return would become a line end, other controls are not for HTML
            c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}

/// Whether a text after `&` ends an entity: word characters or `#`, then `;`.
fn is_entity(rest: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '#';
    rest.trim_start_matches(is_word).starts_with(';')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        for (text, html) in [
            ("<b>&\"'", "&lt;b&gt;&amp;\"'"),
            ("&amp; &#60; &lt", "&amp; &#60; &amp;lt"),
            ("\x1b[1m\r\n", "\u{fffd}[1m\u{fffd}\n"),
        ] {
            assert_eq!(escaped_like_the_original(text), html);
        }
    }
}
