//! What every section and option is for, in words: supervisord.conf(5) is made from it. A test
//! finds what `options.rs` has and this has not.

mod daemon;
mod programs;

use crate::options::{KINDS, Kind, PROGRAM, extras};

/// One option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionText {
    /// Its name. `stdout_` stands also for `stderr_`.
    pub name: &'static str,
    /// What its value looks like.
    pub form: &'static str,
    /// What holds without it, as it would be written, or in words in brackets.
    pub default: &'static str,
    /// What it does.
    pub text: &'static str,
    /// The original does not have it.
    pub addition: bool,
}

/// One kind of section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionText {
    /// As it is written: `[program:NAME]`.
    pub title: &'static str,
    /// What it is for.
    pub text: &'static str,
    /// Its options, in the order in which they are best read.
    pub options: Vec<OptionText>,
}

/// A row of the tables.
const fn option(
    name: &'static str,
    form: &'static str,
    default: &'static str,
    text: &'static str,
) -> OptionText {
    OptionText {
        name,
        form,
        default,
        text,
        addition: false,
    }
}

/// The same for what the original does not have.
const fn addition(
    name: &'static str,
    form: &'static str,
    default: &'static str,
    text: &'static str,
) -> OptionText {
    OptionText {
        addition: true,
        ..option(name, form, default, text)
    }
}

/// A kind of section: its name in the table of options, how it is written, what it is for, its
/// own options.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static [OptionText],
);

/// Every section, the daemon's first. Options that programs of all kinds have stand at
/// `[program:NAME]` alone.
#[must_use]
pub fn reference() -> Vec<SectionText> {
    let mut sections = Vec::new();
    for (name, title, text, options) in rows() {
        let Some(kind) = KINDS.iter().find(|kind| kind.name == *name) else {
            continue;
        };
        let known = own_names(kind);
        // Any option may stand in a section whose options are not known.
        let is_there =
            |option: &&OptionText| kind.options.is_none() || known.contains(&option.name);
        sections.push(SectionText {
            title,
            text,
            options: options.iter().filter(is_there).copied().collect(),
        });
    }
    sections
}

fn rows() -> impl Iterator<Item = &'static Row> {
    daemon::SECTIONS.iter().chain(programs::SECTIONS)
}

/// The names of the options of a kind of section, without those it shares with programs.
fn own_names(kind: &Kind) -> Vec<&'static str> {
    let common = match kind.options {
        Some(options) if options == PROGRAM && kind.name != "program:" => &[],
        Some(options) => options,
        None => &[],
    };
    common.iter().chain(extras(kind.name)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_told_of_what_is_not_there() {
        let told: usize = reference()
            .iter()
            .map(|section| section.options.len())
            .sum();
        let rows: usize = rows().map(|(_, _, _, options)| options.len()).sum();
        assert_eq!(
            told, rows,
            "config/src/reference/ tells of options that are gone"
        );
    }

    #[test]
    fn nothing_is_without_words() {
        let mut missing = Vec::new();
        for kind in KINDS {
            let Some((_, _, _, options)) = rows().find(|(name, ..)| *name == kind.name) else {
                missing.push(kind.name.to_owned());
                continue;
            };
            for name in own_names(kind) {
                let bare = name.replacen("stderr_", "stdout_", 1);
                if !options.iter().any(|option| option.name == bare) {
                    missing.push(format!("{} {name}", kind.name));
                }
            }
        }
        assert!(
            missing.is_empty(),
            "config/src/reference/ tells nothing of {missing:?}"
        );
    }
}
