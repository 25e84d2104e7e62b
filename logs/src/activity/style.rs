//! The form of a line of the activity log.

use std::fmt::Display;
use std::sync::Arc;

use visord_model::log_line::Level;

/// How a line is put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineStyle {
    /// `TIME LEVL text` (spec core 6.1).
    Supervisor,
    /// `[NAME;]TIME;LEVL;text` (spec cluster 1.2).
    Cluster {
        /// What it begins with: empty, or the name and its semicolon.
        prefix: Arc<str>,
    },
}

impl LineStyle {
    /// That of an instance of a cluster whose software has this name, or none.
    #[must_use]
    pub fn cluster(software_name: &str) -> Self {
        let prefix = match software_name {
            "" => "".into(),
            name => format!("{name};").into(),
        };
        Self::Cluster { prefix }
    }

    /// A whole line with its newline.
    pub(super) fn line(&self, time: &str, level: Level, text: &dyn Display) -> String {
        let level = level.code();
        match self {
            Self::Supervisor => format!("{time} {level} {text}\n"),
            Self::Cluster { prefix } => format!("{prefix}{time};{level};{text}\n"),
        }
    }

    /// An error at the time of this line, `YYYY-MM-DD HH:MM:SS,mmm`.
    pub(super) fn error_at(&self, line: &str, text: &dyn Display) -> String {
        let skipped = match self {
            Self::Supervisor => 0,
            Self::Cluster { prefix } => prefix.len(),
        };
        let time = line.get(skipped..skipped + 23).unwrap_or_default();
        self.line(time, Level::Error, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_the_time_of_the_line_before_it() {
        let time = "2026-12-01 16:25:52,936";
        for (style, shape) in [
            (LineStyle::Supervisor, "TIME ERRO lost\n"),
            (LineStyle::cluster(""), "TIME;ERRO;lost\n"),
            (LineStyle::cluster("My soft"), "My soft;TIME;ERRO;lost\n"),
        ] {
            let line = style.line(time, Level::Info, &"a;b");
            assert_eq!(style.error_at(&line, &"lost"), shape.replace("TIME", time));
        }
    }
}
