//! Texts in URLs and forms: percent-encoding and `name=value&…` (spec interfaces 5.2).

use std::collections::BTreeMap;

/// Decode `%XX`, once. What is no escape stays as it is; the result may not be UTF-8.
#[must_use]
pub fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escape = (byte == b'%').then(|| digit(at + 1).zip(digit(at + 2)));
        if let Some(Some((high, low))) = escape {
            // two digits make at most 255
            out.push((high * 16 + low) as u8);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    out
}

/// Encode everything but letters, digits and `_.-~/`, so that the text can stand anywhere in a
/// URL (spec interfaces 5.3).
#[must_use]
pub fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.-~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // writing to a String cannot fail
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The parameters of a page: from the query the first of each name, from a form, which beats
/// the query, the last. Blank values count as absent.
#[must_use]
pub fn parameters(query: &str, form: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (name, value) in pairs(query) {
        all.entry(name).or_insert(value);
    }
    all.extend(pairs(form));
    all
}

/// Every `name=value` of a query or form in its order, blank values left out.
pub fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    let word = |text: &str| {
        let bytes = decoded(&text.replace('+', " "));
        String::from_utf8_lossy(&bytes).into_owned()
    };
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(_, value)| !value.is_empty())
        .map(move |(name, value)| (word(name), word(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent() {
        for (text, bytes) in [
            ("/%52PC2", "/RPC2"),
            ("a%2541", "a%41"),
            ("%zz%", "%zz%"),
            ("%e2%82%AC", "€"),
            ("a+b", "a+b"),
        ] {
            assert_eq!(decoded(text), bytes.as_bytes());
        }
        assert_eq!(encoded("grp:p 1/€~"), "grp%3Ap%201/%E2%82%AC~");
    }

    #[test]
    fn form_beats_query() {
        let all = parameters("a=1&a=2&b=x+y&c=&d", "b=%41&b=B");
        let shown: Vec<String> = all.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(shown, ["a=1", "b=B"]);
    }
}
