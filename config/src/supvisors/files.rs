//! Options of a cluster that name files (spec cluster 1.2).

use std::path::PathBuf;

use visord_model::log_line::Level;

use super::Instance;
use crate::dialect::is_space;
use crate::sources::pattern;
use crate::value::{absolute, expand_home, path_with_existing_dir, resolve};

impl Instance<'_> {
    /// The files that space-separated patterns match, from the daemon's working directory;
    /// `None` if there is no such key.
    pub(super) fn files(&self, key: &str) -> Option<Vec<PathBuf>> {
        let host = self.0.context.host;
        let text = self.0.text(key)?;
        let patterns = text.split(is_space).filter(|it| !it.is_empty());
        let mut found: Vec<PathBuf> = patterns
            .flat_map(|it| pattern::matches(&absolute(it, host).to_string_lossy()))
            .map(PathBuf::from)
            .collect();
        found.sort();
        found.dedup();
        if found.is_empty() && !text.is_empty() {
            self.report(Level::Warn, key, &format!("no file found matching {text}"));
        }
        Some(found)
    }

    /// The first regular file of those that match.
    pub(super) fn icon(&self) -> Option<PathBuf> {
        const KEY: &str = "software_icon";
        let mut files = self.files(KEY)?;
        files.retain(|it| it.is_file());
        if files.len() > 1 {
            let message = format!("multiple candidates found, {} is used", files[0].display());
            self.report(Level::Warn, KEY, &message);
        }
        files.into_iter().next()
    }

    /// Its folder is made when the daemon starts, if it is not there.
    pub(super) fn disabilities_file(&self) -> Option<PathBuf> {
        let host = self.0.context.host;
        let text = self.0.non_empty("disabilities_file")?;
        Some(resolve(&expand_home(&text, host), host))
    }

    /// `None` after a bad value; then AUTO, then NONE.
    #[expect(
        clippy::option_option,
        reason = "AUTO and NONE are two different things"
    )]
    pub(super) fn log_file(&self) -> Option<Option<Option<PathBuf>>> {
        let host = self.0.context.host;
        let text = self.0.text("logfile").unwrap_or_else(|| "AUTO".to_owned());
        match text.to_uppercase().as_str() {
            "AUTO" => return Some(None),
            "NONE" | "OFF" => return Some(Some(None)),
            _ => {}
        }
        match path_with_existing_dir(&text, host) {
            Ok(path) => Some(Some(Some(resolve(&path, host)))),
            Err(message) => self.fatal("logfile", &message),
        }
    }
}
