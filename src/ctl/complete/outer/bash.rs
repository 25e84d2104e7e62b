//! Lines of bash: taking them apart, and quoting candidates as they were begun.

use crate::ctl::plugin::is_name;

/// A line as it was typed, up to the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Typed {
    /// Without quotes; the last one is under the cursor, perhaps empty.
    pub(super) words: Vec<String>,
    /// The last one as typed.
    raw: String,
    /// The quote it is in.
    quote: Option<char>,
}

impl Typed {
    /// Take a line apart as bash does, as far as words and quotes go. Settings of variables
    /// before the program are left out.
    pub(super) fn read(line: &str) -> Self {
        let mut words = Vec::new();
        let (mut word, mut raw, mut quote) = (String::new(), String::new(), None);
        let mut characters = line.chars();
        while let Some(c) = characters.next() {
            if quote.is_none() && c.is_whitespace() {
                if !raw.is_empty() {
                    words.push(std::mem::take(&mut word));
                    raw.clear();
                }
                continue;
            }
            raw.push(c);
            match c {
                '\'' | '"' if quote == Some(c) => quote = None,
                '\'' | '"' if quote.is_none() => quote = Some(c),
                '\\' if quote != Some('\'') => {
                    let escaped = characters.next();
                    raw.extend(escaped);
                    word.extend(escaped);
                }
                c => word.push(c),
            }
        }
        words.push(word);
        let settings = words[..words.len() - 1].iter().take_while(|word| {
            let name = word.split_once('=').map_or("", |(name, _)| name);
            is_name(name)
        });
        let words = words.split_off(settings.count());
        Self { words, raw, quote }
    }

    /// What bash is to put in place of the part that it takes for the word, which begins
    /// after the last of `breaks`.
    pub(super) fn replacement(&self, candidate: &str, breaks: &str) -> String {
        match self.quote {
            Some('\'') => return candidate.replace('\'', "'\\''"),
            Some(_) => return in_double_quotes(candidate),
            None => {}
        }
        let breaking = |c: char| ":=".contains(c) && breaks.contains(c);
        let kept = self.raw.rfind(breaking).map_or(0, |at| {
            let kept = &self.raw[..=at];
            Self::read(kept).words.last().map_or(0, String::len)
        });
        let special = |c: char| c.is_ascii_punctuation() && !"%+,-./:=@_^".contains(c);
        let mut replacement = String::new();
        for c in candidate.get(kept..).unwrap_or_default().chars() {
            if special(c) || c.is_whitespace() {
                replacement.push('\\');
            }
            replacement.push(c);
        }
        replacement
    }
}

/// A word as it is written between double quotes in bash.
fn in_double_quotes(word: &str) -> String {
    let mut quoted = String::with_capacity(word.len());
    for c in word.chars() {
        match c {
            '"' | '\\' | '$' | '`' => quoted.extend(['\\', c]),
            // a backslash before it would stay: it is outside of the quotes
            '!' => quoted.push_str("\"\\!\""),
            _ => quoted.push(c),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_bash() {
        let typed = |line: &str| {
            let Typed { words, raw, .. } = Typed::read(line);
            (words.join("|"), raw)
        };
        for (line, words, raw) in [
            ("ctl ", "ctl|", ""),
            ("A=1 B= ctl -c 'a b' \"c", "ctl|-c|a b|c", "\"c"),
            ("ctl  g\\:\\*", "ctl|g:*", "g\\:\\*"),
        ] {
            assert_eq!(typed(line), (words.to_owned(), raw.to_owned()), "{line}");
        }
        let replaced = |line: &str, breaks| Typed::read(line).replacement("grp:*", breaks);
        assert_eq!(replaced("ctl g", ":"), "grp:\\*");
        assert_eq!(replaced("ctl grp:", ":="), "\\*");
        assert_eq!(replaced("ctl grp\\:", ":="), "\\*");
        assert_eq!(replaced("ctl grp:", " "), "grp:\\*");
        assert_eq!(replaced("ctl 'grp:", ":"), "grp:*");
        let hostile = "a'b\"c$(id)`x`\\!";
        for (line, replacement) in [
            ("ctl '", "a'\\''b\"c$(id)`x`\\!"),
            ("ctl \"", "a'b\\\"c\\$(id)\\`x\\`\\\\\"\\!\""),
            ("ctl ", "a\\'b\\\"c\\$\\(id\\)\\`x\\`\\\\\\!"),
        ] {
            let typed = Typed::read(line);
            assert_eq!(typed.replacement(hostile, ""), replacement, "{line}");
            // bash reads it as the name again
            let quote: String = typed.quote.iter().collect();
            let whole = Typed::read(&format!("{line}{replacement}{quote}"));
            assert_eq!(
                whole.words.last().map(String::as_str),
                Some(hostile),
                "{line}"
            );
        }
    }
}
