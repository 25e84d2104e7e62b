//! Copies of groups (spec cluster 10.4.1).

use std::path::{Path, PathBuf};

use ini::Properties;

use super::template::Template;

/// All files, and where the groups are.
pub(super) struct Templates {
    files: Vec<Template>,
    /// Sections `group:x`, each with the file that counts: the last one that has it.
    groups: Vec<(String, usize)>,
    /// Groups that are in a file that does not count.
    hidden: Vec<(String, usize)>,
}

impl Templates {
    pub(super) fn new(files: Vec<Template>) -> Self {
        let (mut groups, mut hidden) = (Vec::<(String, usize)>::new(), Vec::new());
        for (at, file) in files.iter().enumerate() {
            for section in file.sections().filter(|name| name.starts_with("group:")) {
                match groups.iter_mut().find(|(known, _)| known == section) {
                    Some((_, known)) => {
                        hidden.push((section.to_owned(), *known));
                        *known = at;
                    }
                    None => groups.push((section.to_owned(), at)),
                }
            }
        }
        Self {
            files,
            groups,
            hidden,
        }
    }

    pub(super) fn files(&self) -> &[Template] {
        &self.files
    }

    /// What `-v` says about them.
    pub(super) fn found(&self) -> [String; 2] {
        let files = self.files.iter().map(|file| match file.path.as_os_str() {
            path if path.is_empty() => ".".to_owned(),
            path => path.to_string_lossy().into_owned(),
        });
        let files: Vec<_> = files.collect();
        let groups: Vec<_> = self.groups.iter().map(|(name, _)| name.as_str()).collect();
        [
            format!("Configuration files found:\n\t{}", files.join("\n\t")),
            format!("Template group elements found:\n\t{}", groups.join("\n\t")),
        ]
    }

    fn file_of(&self, section: &str) -> Option<usize> {
        let found = self.groups.iter().find(|(known, _)| known == section);
        found.map(|(_, file)| *file)
    }

    /// What the original leaves out without a word: of a group in several files, one is replaced.
    pub(super) fn warnings(&self, group: &str) -> Vec<String> {
        let section = format!("group:{group}");
        let Some(counts) = self.file_of(&section) else {
            return Vec::new();
        };
        let hidden = self.hidden.iter().filter(|(name, _)| *name == section);
        let warning = |file: usize| {
            let (other, counts) = (&self.files[file].path, &self.files[counts].path);
            format!(
                "[{section}] in {} is left as it is; it is also in {}, and only that one is replaced",
                other.display(),
                counts.display()
            )
        };
        hidden.map(|(_, file)| warning(*file)).collect()
    }

    /// Replace a group by this many copies of it, with `extra` each in a new file next to the
    /// template. An unknown group is ignored. Returns what `-v` says.
    ///
    /// # Errors
    /// The group has no programs; a new file cannot have its name.
    pub(super) fn breed(
        &mut self,
        group: &str,
        count: u32,
        extra: bool,
    ) -> Result<Vec<String>, String> {
        let section = format!("group:{group}");
        let Some(file) = self.file_of(&section) else {
            return Ok(Vec::new());
        };
        let path = self.files[file].path.clone();
        let programs = self.files[file].get(&section, "programs").ok_or_else(|| {
            let path = path.display();
            format!("{path}: [{section}] has no option 'programs'")
        })?;
        let mut properties = Properties::new();
        properties.insert("programs", programs);
        let mut said = Vec::new();
        for number in 1..=count {
            let copy = format!("{section}_{number:02}");
            let mut target = file;
            if extra {
                let new = self.new_file(&path, &copy)?;
                said.push(format!("New File: {}", new.display()));
                target = self.files.len();
                self.files.push(Template::new(new));
                match self.groups.iter_mut().find(|(known, _)| *known == copy) {
                    Some((_, known)) => *known = target,
                    None => self.groups.push((copy.clone(), target)),
                }
            }
            self.files[target].put(&copy, properties.clone());
            said.push(format!("New [{copy}]"));
        }
        self.files[file].remove(&section);
        Ok(said)
    }

    /// `group_app_01.ini` in the folder of the template.
    fn new_file(&self, template: &Path, copy: &str) -> Result<PathBuf, String> {
        if copy.contains(['/', '\0']) {
            let template = template.display();
            return Err(format!("{template}: [{copy}] cannot be the name of a file"));
        }
        let path = template.with_file_name(format!("{}.ini", copy.replace(':', "_")));
        if self.files.iter().any(|file| file.path == path) {
            let path = path.display();
            return Err(format!("{path} is a template; -x would replace it"));
        }
        Ok(path)
    }
}

#[cfg(test)]
mod tests;
