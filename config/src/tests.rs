//! The crate as its users see it, on small files.

mod client;
mod difference;
mod examples;
mod files;
mod listing;
mod options;
mod problems;
mod programs;
mod rules;
mod supvisors;
mod templates;
mod web_users;

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{
    CheckReport, Config, ConfigError, Environment, HostContext, Loaded, Overrides, check, read,
};

/// A configuration with which a daemon can start.
fn load(path: &Path, overrides: &Overrides, host: &HostContext) -> Result<Config, ConfigError> {
    let loaded = read(path, overrides, host).and_then(Loaded::startable)?;
    Ok(loaded.config)
}

/// Settings of the command line.
fn overrides(settings: &[(&str, &str)]) -> Overrides {
    let settings = settings.iter();
    settings
        .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()))
        .collect()
}

/// A directory with configuration files in it.
struct Place {
    directory: TempDir,
}

impl Place {
    /// With this as `s.conf`.
    fn with(text: &str) -> Self {
        let place = Self {
            directory: TempDir::new().expect("a temporary directory"),
        };
        place.write("s.conf", text);
        place
    }

    /// `@DIR@` in the text is the directory.
    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("its directory");
        let text = text.replace("@DIR@", &self.directory.path().to_string_lossy());
        std::fs::write(path, text).expect("a file");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn host(&self) -> HostContext {
        let environment = [("HOME", "/home/me"), ("PATH", "/bin"), ("GREETING", "hi")];
        HostContext {
            environment: environment
                .map(|(key, value)| (key.to_owned(), value.into()))
                .into_iter()
                .collect(),
            node_name: "node".to_owned(),
            cwd: self.directory.path().to_owned(),
        }
    }

    fn check(&self) -> CheckReport {
        let path = PathBuf::from("s.conf");
        check(&path, &Overrides::default(), &self.host())
    }

    fn load(&self) -> Result<Config, ConfigError> {
        self.load_over(&Overrides::default())
    }

    fn load_over(&self, overrides: &Overrides) -> Result<Config, ConfigError> {
        load(&PathBuf::from("s.conf"), overrides, &self.host())
    }
}

/// The configuration that a text is.
fn config(text: &str) -> Config {
    Place::with(text)
        .load()
        .unwrap_or_else(|error| panic!("{text}\n{error:?}"))
}

/// With a `[supervisord]` before it.
fn with_server(text: &str) -> Config {
    config(&format!("[supervisord]\n{text}"))
}

/// All messages about a text.
fn messages(text: &str) -> Vec<String> {
    match Place::with(text).load() {
        Ok(config) => panic!("{text}\n{config:?}"),
        Err(error) => error
            .problems
            .into_iter()
            .map(|problem| problem.message)
            .collect(),
    }
}

/// Variables as a map.
fn variables(pairs: &[(&str, &str)]) -> Environment {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).into()))
        .collect()
}
