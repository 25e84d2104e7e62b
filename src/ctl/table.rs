//! Tables for people: aligned, and cut to the width of a terminal where there is one.

/// Blanks between two columns.
const GAP: usize = 2;
/// Narrower than this a column says nothing any more.
const NARROWEST: usize = 8;
/// Stands where something was cut out.
const CUT: char = '…';
/// Ends a colour.
pub const PLAIN: &str = "\x1b[0m";

/// On which side of its column a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A text in a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Without colours.
    pub text: String,
    /// What turns its colour on; empty for none.
    pub colour: &'static str,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, colour: "" }
    }
}

/// Titles and rows, a line each. If they are wider than `width` the last column, then the
/// first is cut to fit.
#[must_use]
pub fn render<const N: usize>(
    titles: [(&str, Align); N],
    rows: &[[Cell; N]],
    width: Option<usize>,
) -> Vec<String> {
    let widest = |column: usize| {
        let title = length(titles[column].0);
        let cells = rows.iter().map(|row| length(&row[column].text));
        cells.max().unwrap_or(0).max(title)
    };
    let mut widths: [usize; N] = std::array::from_fn(widest);
    if let Some(width) = width {
        let gaps = GAP * N.saturating_sub(1);
        for column in [N - 1, 0] {
            let excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
            let narrowest = widths[column].min(NARROWEST);
            widths[column] = widths[column].saturating_sub(excess).max(narrowest);
        }
    }
    let head = titles.map(|(title, _)| Cell::from(title.to_owned()));
    let lines = std::iter::once(&head).chain(rows);
    let lines = lines.map(|row| line(row, &titles, &widths));
    match width {
        Some(width) => lines.map(|line| cut(&line, width)).collect(),
        None => lines.collect(),
    }
}

fn line<const N: usize>(
    row: &[Cell; N],
    titles: &[(&str, Align); N],
    widths: &[usize; N],
) -> String {
    let mut line = String::new();
    for (column, Cell { text, colour }) in row.iter().enumerate() {
        let text = if column == 0 {
            cut_middle(text, widths[column])
        } else {
            cut(text, widths[column])
        };
        let blanks = " ".repeat(widths[column].saturating_sub(length(&text)));
        let text = if colour.is_empty() {
            text
        } else {
            format!("{colour}{text}{PLAIN}")
        };
        match titles[column].1 {
            Align::Left => line.push_str(&format!("{text}{blanks}")),
            Align::Right => line.push_str(&format!("{blanks}{text}")),
        }
        if column + 1 < N {
            line.push_str(&" ".repeat(GAP));
        }
    }
    line.truncate(line.trim_end_matches(' ').len());
    line
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// No more than `width` characters of a line, not counting what sets colours.
#[must_use]
pub fn cut(line: &str, width: usize) -> String {
    let mut kept = String::new();
    let mut count = 0;
    let mut in_colour = false;
    let mut last = 0;
    for c in line.chars() {
        if c == '\x1b' {
            in_colour = true;
        }
        if in_colour {
            kept.push(c);
            in_colour = c != 'm';
            continue;
        }
        count += 1;
        if count > width {
            kept.truncate(last);
            if width > 0 {
                kept.push(CUT);
            }
            if line.contains('\x1b') {
                kept.push_str(PLAIN);
            }
            return kept;
        }
        if count == width {
            last = kept.len();
        }
        kept.push(c);
    }
    kept
}

/// The same from the middle: names differ at their ends.
fn cut_middle(text: &str, width: usize) -> String {
    let count = length(text);
    if count <= width || width < 3 {
        return cut(text, width);
    }
    let end = (width - 1) / 2;
    let start = width - 1 - end;
    let kept = text.chars().take(start).chain([CUT]);
    kept.chain(text.chars().skip(count - end)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TITLES: [(&str, Align); 3] = [
        ("NAME", Align::Left),
        ("PID", Align::Right),
        ("WHY", Align::Left),
    ];

    fn rows() -> [[Cell; 3]; 2] {
        let cell = |text: &str| Cell::from(text.to_owned());
        let red = Cell {
            text: "7".to_owned(),
            colour: "\x1b[31m",
        };
        [
            [cell("web-server-number-1"), cell("12345"), cell("-")],
            [cell("b"), red, cell("exited with code 1, 5m ago")],
        ]
    }

    #[test]
    fn columns_are_aligned() {
        assert_eq!(
            render(TITLES, &rows(), None),
            [
                "NAME                   PID  WHY",
                "web-server-number-1  12345  -",
                "b                        \x1b[31m7\x1b[0m  exited with code 1, 5m ago",
            ]
        );
    }

    #[test]
    fn narrow_terminals() {
        let shown = |width| {
            let lines = render(TITLES, &rows(), Some(width));
            for line in &lines {
                let plain = line.replace("\x1b[31m", "").replace(PLAIN, "");
                assert!(length(&plain) <= width, "{line}");
            }
            lines
        };
        assert!(shown(40)[2].ends_with("exited with…"), "the last column");
        assert_eq!(shown(30)[1], "web-se…mber-1  12345  -", "then the name");
        assert_eq!(shown(26)[1], "web-…er-1  12345  -");
        shown(10);
        shown(0);
    }

    #[test]
    fn lines_are_cut() {
        for (line, width, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("äöüx", 3, "äö…"),
            ("a\x1b[1mbc\x1b[0md", 4, "a\x1b[1mbc\x1b[0md"),
            ("a\x1b[1mbcde", 3, "a\x1b[1mb…\x1b[0m"),
            ("abc", 0, ""),
        ] {
            assert_eq!(cut(line, width), expected, "{line:?}");
        }
    }
}
