//! Text in URLs and forms: percent-encoding, `name=value&…` (spec interfaces 5.2), bounds of texts.

use std::collections::BTreeMap;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but letters, digits and `_.-~/`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'_')
    .remove(b'.')
    .remove(b'-')
    .remove(b'~')
    .remove(b'/');

/// The parameters of a page by name. Blank values count as absent.
#[derive(Clone, Debug, Default)]
pub struct Parameters(BTreeMap<String, String>);

/// Text encoded so that it can be used anywhere in a URL (spec interfaces 5.3).
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

impl Parameters {
    /// From a query the first of each name, from a form, which takes precedence, the last.
    pub fn of(query: &str, form: &str) -> Self {
        let mut all = BTreeMap::new();
        for (name, value) in pairs(query) {
            all.entry(name).or_insert(value);
        }
        all.extend(pairs(form));
        Self(all)
    }

    /// A parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter, empty if it is absent.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// A parameter that is a number, if it is one.
    pub fn number<N: FromStr>(&self, name: &str) -> Option<N> {
        self.get(name)?.parse().ok()
    }
}

/// Every `name=value` of a query or form in order, without blank values.
pub fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .filter(|(_, value)| !value.is_empty())
}

/// The beginning of a text, at most so many bytes.
pub fn shortened(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The same with dots after a text that is longer.
pub fn clipped(text: &str, most: usize) -> String {
    let start = shortened(text, most);
    let dots = if start.len() < text.len() { "…" } else { "" };
    format!("{start}{dots}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent() {
        for (text, decoded) in [
            ("/%52PC2", "/RPC2"),
            ("a%2541", "a%41"),
            ("%zz%", "%zz%"),
            ("%e2%82%AC", "€"),
            ("a+b", "a b"),
        ] {
            let pair = format!("x={text}");
            assert_eq!(pairs(&pair).next(), Some(("x".into(), decoded.into())));
        }
        assert_eq!(encoded("grp:p 1/€~"), "grp%3Ap%201/%E2%82%AC~");
    }

    #[test]
    fn form_takes_precedence_over_query() {
        let all = Parameters::of("a=1&a=2&b=x+y&c=&d", "b=%41&b=B");
        let shown: Vec<String> = all.0.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(shown, ["a=1", "b=B"]);
    }
}
