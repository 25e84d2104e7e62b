//! Where the outputs of a process are stored.

use std::path::PathBuf;

use visord_config::{ChannelConfig, LogTarget, ProcessConfig};
use visord_model::event::Stream;

/// Paths of a process's logs with AUTO names resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPaths {
    /// Where stdout goes, `None`: nowhere.
    pub stdout: Option<PathBuf>,
    /// Where stderr goes, `None`: nowhere.
    pub stderr: Option<PathBuf>,
}

impl LogPaths {
    /// As `getProcessInfo` shows them: empty for none, and for a redirected stderr.
    pub fn shown(&self, config: &ProcessConfig) -> (String, String) {
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        let stderr = self.stderr.as_ref().filter(|_| !config.redirect_stderr);
        let shown = [self.stdout.as_ref(), stderr].map(|path| path.map(text).unwrap_or_default());
        shown.into()
    }

    /// What the configuration says, with the names that were made for AUTO.
    pub fn resolve(config: &ProcessConfig, auto: impl Fn(Stream) -> Option<PathBuf>) -> Self {
        let path = |channel: &ChannelConfig, stream| match &channel.logfile {
            LogTarget::Auto => auto(stream),
            LogTarget::None => None,
            LogTarget::File(path) if path.is_empty() => None,
            LogTarget::File(path) => Some(PathBuf::from(path)),
        };
        Self {
            stdout: path(&config.stdout, Stream::Stdout),
            stderr: path(&config.stderr, Stream::Stderr),
        }
    }
}
