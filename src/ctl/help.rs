//! `help`: the overview and the topics, both made from the table of commands
//! (spec interfaces 4.8).

use super::command::cluster::CLUSTER;
use super::command::{ALL, Command};
use super::plugin::Plugin;

/// Columns the overview may use.
const WIDTH: usize = 79;
/// Blanks between two columns of the overview.
const GAP: usize = 2;
/// Distance of tab stops.
const TAB: usize = 8;

/// All about a command, in the form of [`Command::help`]: its usages, then the options that they do
/// not mention.
pub fn text(command: &Command) -> String {
    let syntaxes = command
        .help()
        .lines()
        .filter_map(|line| line.split('\t').next());
    let mentioned: Vec<&str> = syntaxes
        .flat_map(|text| text.split([' ', '[', ']']))
        .collect();
    let mut text = command.help().to_owned();
    for option in command.options {
        if !mentioned.contains(&option.name) {
            let (syntax, does) = (option.syntax(), sentence(option.text));
            text.push_str(&format!("\n{} {syntax}\t{does}", command.name));
        }
    }
    text
}

/// With a capital at the start.
pub fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).collect()
}

/// All about a command, without a final line end.
pub fn topic(command: &Command) -> String {
    columned(&text(command))
}

/// All that is known of a plug-in.
pub fn plugin(plugin: &Plugin) -> String {
    columned(&format!("{}\tRun {}", plugin.name, plugin.shown()))
}

/// Usages in one column, explanations in another.
fn columned(text: &str) -> String {
    let usages = text.lines().filter_map(|line| line.split_once('\t'));
    let longest = usages.map(|(syntax, _)| syntax.len()).max().unwrap_or(0);
    let column = (longest / TAB + 1) * TAB;
    let lines = text.lines().map(|line| match line.split_once('\t') {
        Some((syntax, does)) => {
            let tabs = (column - syntax.len()).div_ceil(TAB);
            format!("{syntax}{}{does}", "\t".repeat(tabs))
        }
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The overview of all commands, without a final line end. As in the original, the commands for
/// Supvisors, if they are to be shown, and plug-ins have blocks of their own.
pub fn overview(has_cluster: bool, plugins: &[String]) -> String {
    // `help` itself is not listed there
    let listed = ALL.iter().filter(|command| {
        !command.help().is_empty() && !command.addition && command.name != "help"
    });
    let names: Vec<&str> = listed.map(|command| command.name).collect();
    let mut text = block("default", &names);
    if has_cluster {
        let names: Vec<&str> = CLUSTER.iter().map(|command| command.name).collect();
        text.push('\n');
        text.push_str(&block("supvisors", &names));
    }
    if !plugins.is_empty() {
        let names: Vec<&str> = plugins.iter().map(String::as_str).collect();
        text.push('\n');
        text.push_str(&block("plug-in", &names));
    }
    text
}

fn block(kind: &str, names: &[&str]) -> String {
    let title = format!("{kind} commands (type help <topic>):");
    let rule = "=".repeat(title.len());
    format!("\n{title}\n{rule}\n{}\n", columns(names))
}

/// Names from top to bottom, then left to right, in the fewest rows that fit.
fn columns(names: &[&str]) -> String {
    let fits = |rows: &usize| {
        let widths = widths(names, *rows);
        widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1) <= WIDTH
    };
    let most = names.len().max(1);
    let rows = (1..most).find(fits).unwrap_or(most);
    let widths = widths(names, rows);
    let line = |row: usize| {
        let cells = widths.iter().enumerate().filter_map(|(column, width)| {
            let name = names.get(column * rows + row);
            // only the last column may be too short, which leaves nothing in its last rows
            let name = name.or((column + 1 < widths.len()).then_some(&""));
            name.map(|name| format!("{name:width$}"))
        });
        cells.collect::<Vec<_>>().join(&" ".repeat(GAP))
    };
    (0..rows).map(line).collect::<Vec<_>>().join("\n")
}

fn widths(names: &[&str], rows: usize) -> Vec<usize> {
    let width = |column: &[&str]| column.iter().map(|name| name.chars().count()).max();
    let columns = names.chunks(rows);
    columns.map(|column| width(column).unwrap_or(0)).collect()
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
        assert_eq!(overview(false, &[]), expected.join("\n"));
    }

    #[test]
    fn a_short_last_column() {
        let names = ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"; 3];
        assert_eq!(columns(&names).lines().count(), 3);
        assert_eq!(columns(&["a", "b"]), "a  b");
    }

    #[test]
    fn explanations_stand_in_one_column() {
        assert_eq!(
            columned("x\tshort\n12345678\tlong\n\tmore\nnote"),
            "x\t\tshort\n12345678\tlong\n\t\tmore\nnote"
        );
    }
}
