//! Texts that are never shown, and what gives them away.

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// What is shown instead of a secret.
pub const HIDDEN: &str = "[hidden]";

/// A password, the value of an environment variable or a URL that may hold credentials. It has no
/// `Display`, `Debug` says nothing of it, comparing takes the same time wherever two of the same
/// length differ, and its memory is overwritten when it is dropped.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself, for where it is used.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// As a URL that may be shown: without the password in it.
    pub fn as_shown_url(&self) -> String {
        in_urls(&self.0)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// Whether what has this name should not be seen.
pub(crate) fn sounds_secret(name: &str) -> bool {
    const ANYWHERE: [&str; 8] = [
        "pass",
        "secret",
        "token",
        "credential",
        "private",
        "auth",
        "apikey",
        "cookie",
    ];
    const WORDS: [&str; 8] = ["key", "keys", "pwd", "pw", "dsn", "salt", "sig", "pin"];
    let name = name.to_lowercase();
    let words = || name.split(|c: char| !c.is_ascii_alphanumeric());
    // the shell's working directory is none
    name != "pwd"
        && (ANYWHERE.iter().any(|part| name.contains(part))
            || words().any(|word| WORDS.contains(&word)))
}

/// A line that could not be understood, up to the first word that sounds like a secret.
pub(crate) fn line_without_secrets(line: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || "_-".contains(c);
    let mut at = 0;
    for word in line.split_inclusive(|c| !is_word(c)) {
        let name = word.trim_end_matches(|c| !is_word(c));
        if sounds_secret(name) || name.eq_ignore_ascii_case("environment") {
            let end = if line.ends_with('\n') { "\n" } else { "" };
            return format!("{} {HIDDEN}{end}", in_urls(&line[..at + name.len()]));
        }
        at += word.len();
    }
    in_urls(line)
}

/// `scheme://user:password@host`.
pub(crate) fn in_urls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let is_end = |c: char| c.is_whitespace() || "/?#\"',;".contains(c);
        let end = after.find(is_end).unwrap_or(after.len());
        let (authority, following) = after.split_at(end);
        match authority.rsplit_once('@') {
            Some((login, host)) => {
                let user = login.split_once(':').map_or("", |(user, _)| user);
                // a name alone that is this long is a token
                match login.contains(':') {
                    true => out.push_str(&format!("{user}:{HIDDEN}@{host}")),
                    false if login.len() > 20 => out.push_str(&format!("{HIDDEN}@{host}")),
                    false => out.push_str(authority),
                }
            }
            None => out.push_str(authority),
        }
        rest = following;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_compared_and_not_shown() {
        let secret = Secret::from("pw");
        assert_eq!(secret, Secret::from("pw".to_owned()));
        assert_ne!(secret, Secret::from("pwx"));
        assert_eq!(format!("{secret:?}"), "[hidden]");
        assert_eq!(secret.expose(), "pw");
    }

    #[test]
    fn names() {
        for (name, secret) in [
            ("DB_PASSWORD", true),
            ("PGPASSFILE", true),
            ("AWS_SECRET_ACCESS_KEY", true),
            ("SSH_KEY", true),
            ("GITHUB_TOKEN", true),
            ("DB_PWD", true),
            ("PWD", false),
            ("KEYBOARD", false),
            ("MONKEY", false),
            ("PATH", false),
            ("SENTRY_DSN", true),
            ("LANG", false),
        ] {
            assert_eq!(sounds_secret(name), secret, "{name}");
        }
    }
}
