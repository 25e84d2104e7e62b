//! Names of files and directories.

use std::path::{Component, Path, PathBuf};

use nix::unistd::{User, getuid};
use visord_files::Folder;

use crate::types::HostContext;

/// `~` and `~user` at the start replaced by the home directory; unchanged if there is no
/// such user.
pub fn expand_home(text: &str, host: &HostContext) -> String {
    let Some(after) = text.strip_prefix('~') else {
        return text.to_owned();
    };
    let end = after.find('/').unwrap_or(after.len());
    let (user, rest) = after.split_at(end);
    let Some(home) = home_of(user, host) else {
        return text.to_owned();
    };
    let home = home.trim_end_matches('/');
    if home.is_empty() && rest.is_empty() {
        return "/".to_owned();
    }
    format!("{home}{rest}")
}

fn home_of(user: &str, host: &HostContext) -> Option<String> {
    let entry = if user.is_empty() {
        if let Some(home) = host.environment.get("HOME") {
            return Some(home.expose().to_owned());
        }
        User::from_uid(getuid())
    } else {
        User::from_name(user)
    };
    let directory = entry.ok()??.dir;
    Some(directory.to_string_lossy().into_owned())
}

/// Where a path is, seen from the daemon's working directory at start (difference C27).
pub fn resolve(path: &str, host: &HostContext) -> PathBuf {
    host.cwd.join(path)
}

/// The path from the root, without `.` and `..`; symbolic links are not followed.
pub fn absolute(path: &str, host: &HostContext) -> PathBuf {
    normalize(&resolve(path, host))
}

/// Without `.`, `..` and doubled slashes; symbolic links are not followed.
pub fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir if normal.as_os_str() == "/" => {}
            Component::ParentDir if normal.ends_with("..") || normal.as_os_str().is_empty() => {
                normal.push("..");
            }
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                normal.push(component);
            }
        }
    }
    normal
}

/// A directory that is there. `~` is expanded; a relative one stays relative.
///
/// # Errors
/// `<text as written> is not an existing directory`
pub fn existing_dir(text: &str, host: &HostContext) -> Result<PathBuf, String> {
    let path = expand_home(text, host);
    // an empty text would resolve to the working directory itself
    if !path.is_empty() && resolve(&path, host).is_dir() {
        Ok(PathBuf::from(path))
    } else {
        Err(format!("{text} is not an existing directory"))
    }
}

/// A file whose directory is there; the file need not be. `~` is expanded.
///
/// # Errors
/// `The directory named as part of the path <text as written> does not exist`; a link to it that
/// the daemon does not follow.
pub fn path_with_existing_dir(text: &str, host: &HostContext) -> Result<String, String> {
    let path = expand_home(text, host);
    let directory = path.rfind('/').map_or("", |at| &path[..=at]);
    if directory.is_empty() {
        return Ok(path);
    }
    opens(&resolve(directory, host), || {
        format!("The directory named as part of the path {text} does not exist")
    })?;
    Ok(path)
}

/// As [`existing_dir`], of a directory in which the daemon makes files.
///
/// # Errors
/// As there; a link to it that the daemon does not follow.
pub fn existing_log_dir(text: &str, host: &HostContext) -> Result<PathBuf, String> {
    let directory = existing_dir(text, host)?;
    opens(&host.cwd.join(&directory), || {
        format!("{text} is not an existing directory")
    })?;
    Ok(directory)
}

/// Opens a directory by the rules for what the daemon writes to; `missing` words what the system
/// says, a link that is not followed has its own words.
fn opens(directory: &Path, missing: impl FnOnce() -> String) -> Result<(), String> {
    match Folder::open(directory) {
        Ok(_) => Ok(()),
        Err(error) if error.raw_os_error().is_some() => Err(missing()),
        Err(error) => Err(error.to_string()),
    }
}
