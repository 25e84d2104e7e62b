//! A configuration decides what root runs, so no other user should be able to change it.

use std::path::{Path, PathBuf};

use nix::unistd::geteuid;
use visord_files::FileType;
use visord_files::trust::{Exposure, exposures, exposures_of_folder};

use crate::error::Problem;

/// What other users can change of the files of a configuration: a file, a folder that it is in, a
/// link that leads to it.
#[derive(Debug, Default)]
pub(crate) struct Exposed(Vec<Found>);

#[derive(Debug)]
struct Found {
    /// The first file, or pattern of files, of the configuration that it leads to, as it is shown.
    file: PathBuf,
    exposure: Exposure,
}

impl Exposed {
    /// Looks at a file that was read; messages call it `shown`. Only what root runs is at stake:
    /// for any other user nothing is found.
    pub(crate) fn look(&mut self, shown: &Path, path: &Path) {
        if geteuid().is_root() {
            self.add(shown, exposures(path));
        }
    }

    /// Looks at the folder that files of a pattern are, or will be, in: its part before the first
    /// `*`, `?` or `[`.
    pub(crate) fn look_at_pattern(&mut self, pattern: &str) {
        let fixed = pattern.split(['*', '?', '[']).next().unwrap_or(pattern);
        let folder = fixed.rfind('/').map_or("", |at| &fixed[..=at]);
        if geteuid().is_root() {
            self.add(Path::new(pattern), exposures_of_folder(Path::new(folder)));
        }
    }

    fn add(&mut self, file: &Path, exposures: Vec<Exposure>) {
        for exposure in exposures {
            if self.0.iter().all(|found| found.exposure != exposure) {
                let file = file.to_owned();
                self.0.push(Found { file, exposure });
            }
        }
    }

    /// For the activity log.
    pub(crate) fn remarks(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|found| {
            format!(
                "Supervisord is running as root, and {}; a user who changes it can run commands \
                 as root.",
                found.sentence()
            )
        })
    }

    /// For `--check`.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let problem = |found: &Found| {
            let sentence = found.sentence();
            let message = format!("{sentence}, so another user can change what root runs");
            Problem::of_file(&found.file, message)
        };
        self.0.iter().map(problem).collect()
    }
}

impl Found {
    fn sentence(&self) -> String {
        let Exposure {
            path,
            file_type,
            reason,
        } = &self.exposure;
        let (path, file) = (path.display(), self.file.display());
        if matches!(file_type, FileType::Folder | FileType::Link) {
            format!("{path}, which leads to its configuration file {file}, {reason}")
        } else {
            format!("its configuration file {file} {reason}")
        }
    }
}
