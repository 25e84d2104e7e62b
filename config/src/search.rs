//! Where a configuration file is looked for without `-c` (spec core 1.1.2).

use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use crate::types::HostContext;

/// The first of [`search_path`] that exists. `program` is `argv[0]`.
///
/// # Errors
/// The message of supervisord if there is none; supervisorctl then does without.
pub fn find_config(program: &str, host: &HostContext) -> Result<PathBuf, String> {
    let paths = search_path(program, host);
    let found = paths.iter().find(|path| host.cwd.join(path).exists());
    found.cloned().ok_or_else(|| {
        let all: Vec<String> = paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        format!(
            "No config file found at default paths ({}); use the -c option to specify a config \
             file at a different path",
            all.join(", ")
        )
    })
}

/// The six places in order, two of them beside the program as it was invoked: symbolic
/// links to it are not followed, a bare name stands for what `$PATH` finds.
pub fn search_path(program: &str, host: &HostContext) -> Vec<PathBuf> {
    let invoked = as_found(program, host);
    // two directories up, or as far as its text goes
    let home = invoked.ancestors().take(3).last().unwrap_or(&invoked);
    vec![
        home.join("etc/supervisord.conf"),
        home.join("supervisord.conf"),
        PathBuf::from("supervisord.conf"),
        PathBuf::from("etc/supervisord.conf"),
        PathBuf::from("/etc/supervisord.conf"),
        PathBuf::from("/etc/supervisor/supervisord.conf"),
    ]
}

fn as_found(program: &str, host: &HostContext) -> PathBuf {
    let bare = !program.contains('/');
    let path = host.environment.get("PATH").filter(|_| bare);
    path.and_then(|path| {
        path.expose()
            .split(':')
            .map(|directory| Path::new(directory).join(program))
            .find(|file| {
                let path = host.cwd.join(file);
                path.is_file() && access(&path, AccessFlags::X_OK).is_ok()
            })
    })
    .unwrap_or_else(|| PathBuf::from(program))
}
