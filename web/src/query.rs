//! Text in URLs and forms: percent-encoding and `name=value&…` (spec interfaces 5.2).

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but letters, digits and `_.-~/`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'_')
    .remove(b'.')
    .remove(b'-')
    .remove(b'~')
    .remove(b'/');

/// The parameters of a page by name.
pub type Parameters = BTreeMap<String, String>;

/// Text encoded so that it can be used anywhere in a URL (spec interfaces 5.3).
#[must_use]
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// The parameters of a page: from the query the first of each name, from a form, which takes
/// precedence, the last. Blank values count as absent.
#[must_use]
pub fn parameters(query: &str, form: &str) -> Parameters {
    let mut all = Parameters::new();
    for (name, value) in pairs(query) {
        all.entry(name).or_insert(value);
    }
    all.extend(pairs(form));
    all
}

/// Every `name=value` of a query or form in order, without blank values.
pub fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .filter(|(_, value)| !value.is_empty())
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
        let all = parameters("a=1&a=2&b=x+y&c=&d", "b=%41&b=B");
        let shown: Vec<String> = all.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(shown, ["a=1", "b=B"]);
    }
}
