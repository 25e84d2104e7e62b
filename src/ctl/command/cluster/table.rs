//! Tables as the original lays them out (spec cluster 10.2): aligned to the left, columns side by
//! side without a separator.

use std::array::from_fn;

use visord_xmlrpc::Value;

use super::value::to_json;
use super::{Cluster, Result};
use crate::ctl::session::json;

/// Blanks after the longest text of a column without a width.
const GAP: usize = 2;

/// A title and a width in characters. Longer texts are not cut.
#[derive(Clone, Copy)]
pub(super) struct Column {
    title: &'static str,
    width: Option<usize>,
}

/// As wide as its longest text, and a gap.
pub(super) const fn auto(title: &'static str) -> Column {
    Column { title, width: None }
}

/// As wide as that.
pub(super) const fn fixed(title: &'static str, width: usize) -> Column {
    let width = Some(width);
    Column { title, width }
}

/// The last column: nothing comes after it.
pub(super) const fn last(title: &'static str) -> Column {
    fixed(title, 0)
}

/// A line, and what it is about.
pub(super) struct Row<'a, const N: usize> {
    /// The struct of the answer.
    pub(super) about: &'a Value,
    pub(super) cells: [String; N],
    /// Rows that are not shown count for widths only.
    pub(super) is_shown: bool,
}

/// The title and the rows that are shown, each with a line end.
fn render<const N: usize>(columns: [Column; N], rows: &[Row<'_, N>]) -> String {
    let length = |text: &str| text.chars().count();
    let widths: [usize; N] = from_fn(|at| {
        columns[at].width.unwrap_or_else(|| {
            let cells = rows.iter().map(|row| length(&row.cells[at]));
            cells.max().unwrap_or(0).max(length(columns[at].title)) + GAP
        })
    });
    let line = |cells: [&str; N]| {
        let cells: [String; N] = from_fn(|at| format!("{:1$}", cells[at], widths[at]));
        cells.concat() + "\n"
    };
    let shown = rows.iter().filter(|row| row.is_shown);
    let lines = shown.map(|row| line(row.cells.each_ref().map(String::as_str)));
    line(columns.map(|column| column.title)) + &lines.collect::<String>()
}

impl Cluster<'_> {
    /// Show a table, or with `--json` what its rows are about.
    pub(super) fn show_table<const N: usize>(
        &mut self,
        columns: [Column; N],
        rows: &[Row<'_, N>],
    ) -> Result {
        let shown = rows.iter().filter(|row| row.is_shown);
        let json = || shown.map(|row| to_json(row.about)).collect();
        self.session.tell(&render(columns, rows), json)
    }

    /// A row for each struct, if there are any, with these cells.
    pub(super) fn show_all<const N: usize>(
        &mut self,
        columns: [Column; N],
        structs: &[Value],
        cells: impl Fn(&Value) -> Result<[String; N]>,
    ) -> Result {
        let row = |about| {
            Ok(Row {
                about,
                cells: cells(about)?,
                is_shown: true,
            })
        };
        let rows: Vec<Row<'_, N>> = structs.iter().map(row).collect::<Result<_>>()?;
        if rows.is_empty() {
            return self.session.tell("", || json!([]));
        }
        self.show_table(columns, &rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths() {
        let about = Value::Nil;
        let row = |name: &str, state: &str, is_shown| Row {
            about: &about,
            cells: [name, state, "x"].map(str::to_owned),
            is_shown,
        };
        let columns = [auto("Name"), fixed("State", 7), last("Rest")];
        assert_eq!(render(columns, &[]), "Name  State  Rest\n");
        let rows = [row("ä", "RUNNING_LONG", true), row("hidden", "", false)];
        assert_eq!(
            render(columns, &rows),
            "Name    State  Rest\nä       RUNNING_LONGx\n"
        );
    }
}
