//! `help`: the overview and the topics, both made from the table of commands
//! (spec interfaces 4.8).

use super::command::{ALL, Command, Opt};
use super::plugin::Plugin;

/// Columns the overview may use.
const WIDTH: usize = 79;
/// Blanks between two columns of the overview.
const GAP: usize = 2;
/// Distance of tab stops.
const TAB: usize = 8;

/// A line of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// What to type, and what it does.
    Usage(&'a str, &'a str),
    /// What the line before it does, continued.
    More(&'a str),
    /// A line of its own.
    Line(&'a str),
}

/// The options of a command that its usages do not mention.
#[must_use]
pub fn others(command: &Command) -> Vec<&Opt> {
    let mentioned = |option: &Opt| {
        let words = command.help.iter().flat_map(|part| match part {
            Part::Usage(text, _) | Part::Line(text) => text.split([' ', '[', ']']),
            Part::More(_) => "".split([' ', '[', ']']),
        });
        words.into_iter().any(|word| word == option.name)
    };
    let options = command.options.iter();
    options.filter(|option| !mentioned(option)).collect()
}

/// All about a command, without a final line end: how it is used, then the other options.
#[must_use]
pub fn topic(command: &Command) -> String {
    let others = others(command);
    let syntaxes: Vec<String> = others
        .iter()
        .map(|option| format!("{} {}", command.name, option.syntax()))
        .collect();
    let texts: Vec<String> = others.iter().map(|option| sentence(option.text)).collect();
    let mut parts = command.help.to_vec();
    for (syntax, text) in syntaxes.iter().zip(&texts) {
        parts.push(Part::Usage(syntax, text));
    }
    columned(&parts)
}

/// With a capital at the start.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).collect()
}

/// Usages in one column, explanations in another.
fn columned(parts: &[Part<'_>]) -> String {
    let longest = parts.iter().filter_map(|part| match part {
        Part::Usage(syntax, _) => Some(syntax.len()),
        Part::More(_) | Part::Line(_) => None,
    });
    let column = (longest.max().unwrap_or(0) / TAB + 1) * TAB;
    let tabs = |from: usize| "\t".repeat((column - from).div_ceil(TAB));
    let lines: Vec<String> = parts
        .iter()
        .map(|part| match part {
            Part::Usage(syntax, text) => format!("{syntax}{}{text}", tabs(syntax.len())),
            Part::More(text) => format!("{}{text}", tabs(0)),
            Part::Line(text) => (*text).to_owned(),
        })
        .collect();
    lines.join("\n")
}

/// All that is known of a plug-in.
#[must_use]
pub fn plugin(plugin: &Plugin) -> String {
    let does = format!("Run {}", plugin.shown());
    columned(&[Part::Usage(&plugin.name, &does)])
}

/// The overview of all commands, without a final line end. As in the original, plug-ins have
/// a block of their own.
#[must_use]
pub fn overview(plugins: &[String]) -> String {
    let names: Vec<&str> = documented().map(|command| command.name).collect();
    let mut text = block("default", &names);
    if !plugins.is_empty() {
        let names: Vec<&str> = plugins.iter().map(String::as_str).collect();
        text.push('\n');
        text.push_str(&block("plug-in", &names));
    }
    text
}

fn block(whose: &str, names: &[&str]) -> String {
    let title = format!("{whose} commands (type help <topic>):");
    let rule = "=".repeat(title.len());
    format!("\n{title}\n{rule}\n{}\n", columns(names))
}

/// The commands that the overview lists: those of the original but `help` itself.
fn documented() -> impl Iterator<Item = &'static Command> {
    ALL.iter()
        .filter(|command| !command.help.is_empty() && command.name != "help")
        .filter(|command| !command.addition)
}

/// Names from top to bottom, then left to right, in the fewest rows that fit.
fn columns(names: &[&str]) -> String {
    let rows = (1..=names.len().max(1))
        .find(|&rows| width(&widths(names, rows)) <= WIDTH)
        .unwrap_or(names.len().max(1));
    let widths = widths(names, rows);
    let line = |row: usize| {
        let cells: Vec<String> = widths
            .iter()
            .enumerate()
            .filter_map(|(column, width)| {
                let name = names.get(column * rows + row);
                // A column that is too short leaves nothing in the last rows.
                name.or((column + 1 < widths.len()).then_some(&""))
                    .map(|name| format!("{name:width$}"))
            })
            .collect();
        cells.join(&" ".repeat(GAP))
    };
    let lines: Vec<String> = (0..rows).map(line).collect();
    lines.join("\n")
}

/// How wide each column is in that many rows.
fn widths(names: &[&str], rows: usize) -> Vec<usize> {
    names
        .chunks(rows)
        .map(|column| {
            column
                .iter()
                .map(|name| name.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect()
}

/// How wide all columns are together.
fn width(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_overview_as_the_original_lays_it_out() {
        // The example of spec interfaces 4.8.
        let expected = [
            "",
            "default commands (type help <topic>):",
            "=====================================",
            "add    exit      open  reload  restart   start   tail   ",
            "avail  fg        pid   remove  shutdown  status  update ",
            "clear  maintail  quit  reread  signal    stop    version",
            "",
        ];
        assert_eq!(overview(&[]), expected.join("\n"));
    }

    #[test]
    fn a_short_last_column() {
        let names = ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"; 3];
        assert_eq!(columns(&names).lines().count(), 3);
        assert_eq!(columns(&["a", "b"]), "a  b");
    }

    #[test]
    fn explanations_stand_in_one_column() {
        let parts = [
            Part::Usage("x", "short"),
            Part::Usage("12345678", "long"),
            Part::More("more"),
            Part::Line("note"),
        ];
        assert_eq!(
            columned(&parts),
            "x\t\tshort\n12345678\tlong\n\t\tmore\nnote"
        );
    }
}
