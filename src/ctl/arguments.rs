//! Options among the words after a command, for the commands and forms of our own. The
//! original has one such option, the `-f` of `tail`, which reads its own words.

use std::time::Duration;

/// Take every word that is one of `names` out; whether there was one.
pub fn take_flag(words: &mut Vec<&str>, names: &[&str]) -> bool {
    let before = words.len();
    words.retain(|word| !names.contains(word));
    words.len() < before
}

/// Take `name value` and `name=value` out; the last one counts.
///
/// # Errors
/// The value is missing.
pub fn take_value<'a>(words: &mut Vec<&'a str>, names: &[&str]) -> Result<Option<&'a str>, String> {
    let mut value = None;
    while let Some(at) = words.iter().position(|word| is_option(word, names)) {
        let word = words.remove(at);
        value = match word.split_once('=') {
            Some((_, attached)) => Some(attached),
            None if at < words.len() => Some(words.remove(at)),
            None => return Err(format!("{word} requires a value")),
        };
    }
    Ok(value)
}

/// Whether a word is one of these options, with or without a value attached.
#[must_use]
pub fn is_option(word: &str, names: &[&str]) -> bool {
    let name = word.split_once('=').map_or(word, |(name, _)| name);
    names.contains(&name)
}

/// A time in seconds, perhaps with a fraction: `30`, `0.5`.
///
/// # Errors
/// It is none, or more than a person could mean.
pub fn seconds(text: &str) -> Result<Duration, String> {
    const LONGEST: f64 = 1e9;
    let number = text.parse().ok().filter(|n| (0.0..=LONGEST).contains(n));
    number
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("{text} is no number of seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_taken_out() {
        let mut words = vec!["a", "--for", "X", "-l", "b", "--for=Y", "--force"];
        assert!(take_flag(&mut words, &["-l", "--long"]));
        assert!(!take_flag(&mut words, &["-l", "--long"]));
        assert_eq!(take_value(&mut words, &["--for"]), Ok(Some("Y")));
        assert_eq!(take_value(&mut words, &["--for"]), Ok(None));
        assert_eq!(words, ["a", "b", "--force"]);
        let error = take_value(&mut vec!["a", "--for"], &["--for"]);
        assert_eq!(error, Err("--for requires a value".to_owned()));
    }

    #[test]
    fn times() {
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        for wrong in ["", "x", "-1", "nan", "inf", "1e10"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
