//! One file: read by the rules of an ordinary ini file, held and written by rust-ini
//! (`docs/decisions/0001` says why it does not read).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ini::{EscapePolicy, Ini, LineSeparator, Properties, WriteOption};
use visord_config::dialect::{DEFAULT_SECTION, Document, Section, decode};

/// A file and what it is to contain.
pub(super) struct Template {
    /// Relative to the folder of the templates, and to the destination.
    pub(super) path: PathBuf,
    /// `[DEFAULT]` first, if it has options. Lines of a value are already separated as they are
    /// written.
    ini: Ini,
}

/// Read a file. A folder of a matching name counts as an empty file, as in the original.
///
/// # Errors
/// It cannot be read or is malformed; the text names it.
pub(super) fn read(root: &Path, path: PathBuf) -> Result<Template, String> {
    let file = root.join(&path);
    let failed = |error: String| format!("cannot read {}: {error}", file.display());
    let bytes = match visord_files::read_linked(&file) {
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => Vec::new(),
        read => read.map_err(|error| failed(error.to_string()))?,
    };
    let text = decode(&bytes).map_err(failed)?;
    let mut document = Document::default();
    let shown: Arc<Path> = Arc::from(file.as_path());
    if let Some(problem) = document.read_plain(text, &shown).first() {
        return Err(problem.message.clone());
    }
    let mut template = Template::new(path);
    let defaults = document.defaults().into_iter();
    let defaults = defaults.filter(|section| !section.entries().is_empty());
    for section in defaults.chain(document.sections()) {
        template.put(&section.name, properties(section));
    }
    Ok(template)
}

fn properties(section: &Section) -> Properties {
    let mut properties = Properties::new();
    for entry in section.entries() {
        properties.insert(entry.key.as_str(), entry.value.replace('\n', "\n\t"));
    }
    properties
}

impl Template {
    pub(super) fn new(path: PathBuf) -> Self {
        let ini = Ini::new();
        Self { path, ini }
    }

    /// The names of its sections, without `[DEFAULT]`.
    pub(super) fn sections(&self) -> impl Iterator<Item = &str> {
        let names = self.ini.sections().flatten();
        names.filter(|name| *name != DEFAULT_SECTION)
    }

    /// An option of a section, or else of `[DEFAULT]`.
    pub(super) fn get(&self, section: &str, key: &str) -> Option<&str> {
        let value = self.ini.get_from(Some(section), key);
        value.or_else(|| self.ini.get_from(Some(DEFAULT_SECTION), key))
    }

    /// Make a section, or replace all options of one that is there.
    pub(super) fn put(&mut self, section: &str, properties: Properties) {
        let name = Some(section.to_owned());
        *self.ini.entry(name).or_insert(Properties::new()) = properties;
    }

    pub(super) fn remove(&mut self, section: &str) {
        self.ini.delete(Some(section));
    }

    /// The file in the form that Python's configparser gives it.
    ///
    /// # Errors
    /// Only those of memory, as rust-ini writes to any stream.
    pub(super) fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for (name, properties) in &self.ini {
            let Some(name) = name else { continue };
            // one by one, because rust-ini writes no empty line after an empty section
            let mut one = Ini::new();
            one.entry(Some(name.to_owned()))
                .or_insert(properties.clone());
            let options = WriteOption {
                escape_policy: EscapePolicy::Nothing,
                line_separator: LineSeparator::CR,
                kv_separator: " = ",
            };
            one.write_to_opt(&mut bytes, options)?;
            bytes.push(b'\n');
        }
        Ok(bytes)
    }
}
