//! A configuration decides what root runs, so nobody else should be able to change it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::getuid;
use visord_model::log_line::{Level, LogLine};

/// A CRIT line if this process is root and others may write the file.
pub(crate) fn remark(file: &Path, metadata: &Metadata) -> Option<LogLine> {
    let exposed = is_exposed(metadata.mode(), metadata.uid(), metadata.gid());
    let text = || {
        let file = file.display();
        format!(
            "Supervisord is running as root and others may write its configuration file {file}; \
             whoever changes it runs commands as root."
        )
    };
    (getuid().is_root() && metadata.is_file() && exposed)
        .then(|| LogLine::new(Level::Critical, text()))
}

/// Whether somebody but root and the group of root may write.
fn is_exposed(mode: u32, uid: u32, gid: u32) -> bool {
    let (group, others) = (mode & 0o020 != 0, mode & 0o002 != 0);
    uid != 0 || others || (group && gid != 0)
}

#[cfg(test)]
mod tests {
    use super::is_exposed;

    #[test]
    fn only_root_may_write() {
        assert!(!is_exposed(0o644, 0, 0));
        assert!(!is_exposed(0o664, 0, 0));
        assert!(is_exposed(0o664, 0, 100));
        assert!(is_exposed(0o646, 0, 0));
        assert!(is_exposed(0o600, 1000, 0));
    }
}
