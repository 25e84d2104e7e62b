//! Tables for people: aligned, and cut to the width of a terminal where there is one.

use std::array::from_fn;

/// Blanks between two columns.
const GAP: usize = 2;
/// A column is not cut below this width.
const NARROWEST: usize = 8;
/// Shown where something was cut out.
const CUT: char = '…';
/// Ends a color.
pub const PLAIN: &str = "\x1b[0m";

/// The side of its column that a text is aligned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Titles and rows, a line each. If they are wider than `width` the last column, then the
/// first is cut to fit. Cells may have colors, those of the first column not.
pub fn render<const N: usize>(
    titles: [(&str, Align); N],
    rows: &[[String; N]],
    width: Option<usize>,
) -> Vec<String> {
    let head = titles.map(|(title, _)| title.to_owned());
    let lines = || std::iter::once(&head).chain(rows);
    let widest = |column: usize| lines().map(|row| length(&row[column])).max().unwrap_or(0);
    let mut widths: [usize; N] = from_fn(widest);
    if let Some(width) = width {
        let gaps = GAP * N.saturating_sub(1);
        for column in [N - 1, 0] {
            let excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
            let narrowest = widths[column].min(NARROWEST);
            widths[column] = widths[column].saturating_sub(excess).max(narrowest);
        }
    }
    let cell = |row: &[String; N], column: usize| {
        let width = widths[column];
        let text = match column {
            0 => cut_middle(&row[column], width),
            _ => cut(&row[column], width),
        };
        let blanks = " ".repeat(width.saturating_sub(length(&text)));
        match titles[column].1 {
            Align::Left => text + &blanks,
            Align::Right => blanks + &text,
        }
    };
    let line = |row: &[String; N]| {
        let cells: [String; N] = from_fn(|column| cell(row, column));
        let line = cells.join(&" ".repeat(GAP));
        cut(line.trim_end_matches(' '), width.unwrap_or(usize::MAX))
    };
    lines().map(line).collect()
}

/// The characters of a text and whether each is part of what sets a color.
fn characters(text: &str) -> impl Iterator<Item = (char, bool)> {
    text.chars().scan(false, |in_color, c| {
        *in_color |= c == '\x1b';
        let is_color = *in_color;
        *in_color &= c != 'm';
        Some((c, is_color))
    })
}

fn length(text: &str) -> usize {
    characters(text).filter(|(_, is_color)| !is_color).count()
}

/// No more than `width` characters of a line, not counting what sets colors.
pub fn cut(line: &str, width: usize) -> String {
    if length(line) <= width {
        return line.to_owned();
    }
    let mut kept = String::new();
    let mut left = width;
    for (c, is_color) in characters(line) {
        if !is_color {
            if left <= 1 {
                break;
            }
            left -= 1;
        }
        kept.push(c);
    }
    if width > 0 {
        kept.push(CUT);
    }
    if line.contains('\x1b') {
        kept.push_str(PLAIN);
    }
    kept
}

/// The same, cut in the middle: names differ at their ends.
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

    fn rows() -> [[String; 3]; 2] {
        [
            ["web-server-number-1", "12345", "-"].map(str::to_owned),
            ["b", "\x1b[31m7\x1b[0m", "exited with code 1, 5m ago"].map(str::to_owned),
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
