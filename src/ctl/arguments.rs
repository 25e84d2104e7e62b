//! Options among the arguments of a command, for commands and options that only visord has. The
//! original has one, the `-f` of `tail`, which parses its own arguments.

use std::time::Duration;

/// Take `name value` and `name=value` out; the last one counts. Fails if its value is missing.
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
fn is_option(word: &str, names: &[&str]) -> bool {
    let name = word.split_once('=').map_or(word, |(name, _)| name);
    names.contains(&name)
}

/// A time in seconds, perhaps with a fraction: `30`, `0.5`. Fails if it is not a number of seconds,
/// or more than thirty years.
pub fn seconds(text: &str) -> Result<Duration, String> {
    const LONGEST: f64 = 1e9;
    let number = text.parse().ok().filter(|n| (0.0..=LONGEST).contains(n));
    let duration = number.map(Duration::from_secs_f64);
    duration.ok_or_else(|| format!("invalid time '{text}': expected seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_taken_out() {
        let mut words = vec!["a", "--for", "X", "-l", "b", "--for=Y", "--force"];
        assert_eq!(take_value(&mut words, &["--for"]), Ok(Some("Y")));
        assert_eq!(take_value(&mut words, &["--for"]), Ok(None));
        assert_eq!(words, ["a", "-l", "b", "--force"]);
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
