//! Secrets in values, as far as a program can tell them.
//!
//! Hidden are: passwords; the values of variables whose names sound like secrets, in
//! `environment`, in command lines (`--token=x`, `--token x`) and as `%(ENV_x)s`; the password
//! of a URL.

use crate::keys::{SectionKind, kind_of};
use crate::secret::{HIDDEN, in_urls, sounds_secret};
use crate::value::parse_environment;

/// A value without its secrets. `known`: the key has the meaning that the manual says.
pub(crate) fn secrets(kind: Option<&SectionKind>, known: bool, key: &str, text: &str) -> String {
    let own_meaning = !known || kind.is_none_or(|kind| kind.is_open);
    if text.is_empty() {
        String::new()
    } else if key == "password" || (own_meaning && sounds_secret(key)) {
        HIDDEN.to_owned()
    } else if key == "environment" {
        environment(text)
    } else if key == "command" {
        in_urls(&in_words(text))
    } else {
        in_urls(text)
    }
}

/// Whether a value as written may hold a secret, so that no message may quote it.
pub(crate) fn holds_secret(section: &str, key: &str, raw: &str) -> bool {
    let variables = raw.split("%(ENV_").skip(1);
    let mut variables = variables.filter_map(|text| text.split(')').next());
    key == "environment"
        // a login in front of an address
        || (key == "port" && raw.contains('@'))
        || variables.any(sounds_secret)
        || secrets(kind_of(section), true, key, raw) != raw
}

/// `NAME="value",...`; what cannot be taken apart is hidden as a whole.
fn environment(text: &str) -> String {
    let Ok(variables) = parse_environment(text) else {
        return HIDDEN.to_owned();
    };
    let shown = variables.iter().map(|(name, value)| {
        if sounds_secret(name) && !value.expose().is_empty() {
            format!("{name}={HIDDEN}")
        } else {
            format!("{name}=\"{}\"", in_urls(value.expose()))
        }
    });
    shown.collect::<Vec<_>>().join(",")
}

/// A command line: `NAME=value` and `--name value` where the name sounds secret, and what
/// follows `Bearer`.
fn in_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut hide_next = false;
    // of a quoted secret that has spaces
    let mut until: Option<char> = None;
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let space = &piece[word.len()..];
        if let Some(quote) = until {
            if word.ends_with(quote) {
                until = None;
                out.push_str(space);
            }
            continue;
        }
        let bare = word.trim_start_matches(['-', '"', '\'']);
        if hide_next && !word.is_empty() && !word.starts_with('-') {
            out.push_str(HIDDEN);
            until = open_quote(word);
            hide_next = false;
        } else if let Some((name, value)) = bare.split_once('=')
            && sounds_secret(name)
            && !value.is_empty()
        {
            let shown = word.len() - value.len();
            out.push_str(&word[..shown]);
            out.push_str(HIDDEN);
            until = open_quote(value);
        } else {
            out.push_str(word);
            if !word.is_empty() {
                let option = word.starts_with("--") && sounds_secret(bare);
                hide_next = option || bare.eq_ignore_ascii_case("bearer");
            }
        }
        if until.is_none() {
            out.push_str(space);
        }
    }
    out
}

/// The quote that a word opens and does not close.
fn open_quote(word: &str) -> Option<char> {
    let quote = word.chars().next().filter(|c| ['"', '\''].contains(c))?;
    (word.len() == 1 || !word.ends_with(quote)).then_some(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (kind, key, text, shown) in [
            ("web_user:", "password", "x", "[hidden]"),
            ("web_user:", "password", "", ""),
            (
                "program:",
                "environment",
                "A=1,TOKEN='x,y'",
                "A=\"1\",TOKEN=[hidden]",
            ),
            (
                "program:",
                "environment",
                "U=\"http://me:pw@h/\"",
                "U=\"http://me:[hidden]@h/\"",
            ),
            ("program:", "environment", "TOKEN='x", "[hidden]"),
            (
                "rpcinterface:",
                "url",
                "http://me:p@h@x:1/RPC2",
                "http://me:[hidden]@x:1/RPC2",
            ),
            ("rpcinterface:", "api_token", "t", "[hidden]"),
            ("inet_http_server", "tls_key", "/k.pem", "/k.pem"),
            ("program:", "serverurl", "http://me@h", "http://me@h"),
            (
                "program:",
                "serverurl",
                "https://ghp_0123456789abcdefghij@h",
                "https://[hidden]@h",
            ),
            ("program:", "command", "cat  -u x", "cat  -u x"),
            (
                "program:",
                "command",
                "a --password=b --token c  -k d\n --api-key 'e f' g",
                "a --password=[hidden] --token [hidden]  -k d\n --api-key [hidden] g",
            ),
            (
                "program:",
                "command",
                "env DB_PASS=\"a b\" x -H \"Authorization: Bearer abc\" --secret --flag",
                "env DB_PASS=[hidden] x -H \"Authorization: Bearer [hidden] --secret --flag",
            ),
            (
                "program:",
                "command",
                "x postgres://u:p@h/db redis://:q@h",
                "x postgres://u:[hidden]@h/db redis://:[hidden]@h",
            ),
        ] {
            assert_eq!(secrets(kind_of(kind), true, key, text), shown, "{text}");
        }
        // the name of an unknown key may mean anything
        assert_eq!(secrets(kind_of("program:"), false, "my_token", "t"), HIDDEN);
    }
}
