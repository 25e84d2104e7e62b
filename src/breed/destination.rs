//! Writing the files (spec cluster 10.4.2). Nothing outside the destination is written: below it,
//! no link is followed. A file is written under another name and renamed.

use std::io;
use std::path::{Component, Path};

use visord_files::Folder;
use visord_files::atomic::replace;

use super::template::Template;

/// As Python makes files and folders; the umask takes bits away.
const FILE: u32 = 0o666;
const FOLDER: u32 = 0o777;

/// Write each file that has a section left, and say so.
///
/// # Errors
/// The first file that cannot be written; those before it were.
pub(super) fn write(
    destination: &Path,
    files: &[Template],
    say: &dyn Fn(&str),
) -> Result<(), String> {
    for file in files {
        let target = destination.join(&file.path);
        if file.sections().next().is_none() {
            let path = match file.path.as_os_str() {
                path if path.is_empty() => Path::new("."),
                _ => &file.path,
            };
            say(&format!("Empty sections for file: {}", path.display()));
            continue;
        }
        say(&format!("Writing file: {}", target.display()));
        write_one(destination, file)
            .map_err(|error| format!("cannot write {}: {error}", target.display()))?;
    }
    Ok(())
}

fn write_one(destination: &Path, file: &Template) -> io::Result<()> {
    let bytes = file.bytes()?;
    std::fs::create_dir_all(destination)?;
    let mut folder = Folder::open(destination)?;
    let mut components = file.path.components();
    let outside = || io::Error::new(io::ErrorKind::InvalidInput, "outside the destination");
    let Some(Component::Normal(name)) = components.next_back() else {
        return Err(outside());
    };
    for component in components {
        let Component::Normal(name) = component else {
            return Err(outside());
        };
        folder = folder.enter(name, FOLDER)?;
    }
    replace(&folder, name, FILE, &bytes)?;
    Ok(())
}
