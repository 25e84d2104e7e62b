//! Finds the first line of a log at or after a time, by bisection: lines are in the order of their
//! times.

use std::fs::File;
use std::io;
use std::path::Path;

use super::find::REACH;
use super::time::LogClock;
use super::{Part, lines, open, window};

/// Bytes read around each guess.
const STEP: u64 = 64 * 1024;

/// The offset of the first line at this time (milliseconds since 1970) or later; that of the end if
/// all are earlier; `None` if no line has a time. With too many lines without a time in between, that
/// of the first line that is known not to be earlier, or of one before it.
///
/// # Errors
/// Those of opening and reading.
pub fn jump(path: &Path, time: i64, clock: &LogClock) -> io::Result<Option<u64>> {
    within(REACH, path, time, clock)
}

/// The same, reading at most `reach` bytes.
fn within(reach: u64, path: &Path, time: i64, clock: &LogClock) -> io::Result<Option<u64>> {
    let (file, size) = open(path)?;
    let mut search = Search {
        file,
        size,
        clock,
        left: reach,
    };
    let Found::Line(first, _) = search.timed(0, size, |_| true)? else {
        return Ok(None);
    };
    // lines that begin before `low` are earlier, those from `high` on are not, or have no time;
    // `after` is the first that is known not to be earlier
    let (mut low, mut high, mut after) = (first, size, size);
    while high - low > STEP {
        let middle = low + (high - low) / 2;
        let next = search.line_after(middle)?;
        match search.timed(next, high, |_| true)? {
            Found::Line(at, then) if then < time && at > low => low = at,
            Found::Line(at, _) => (high, after) = (middle, at),
            Found::Nothing => high = middle,
            // the best that is known
            Found::TooFar => return Ok(Some(if after < size { after } else { low })),
        }
    }
    let end = (high + STEP).min(size);
    match search.timed(low, end, |then| then >= time)? {
        Found::Line(at, _) => Ok(Some(at)),
        Found::Nothing => Ok(Some(after)),
        Found::TooFar => Ok(Some(if after < size { after } else { low })),
    }
}

struct Search<'a> {
    file: File,
    size: u64,
    clock: &'a LogClock,
    /// Bytes that may still be read.
    left: u64,
}

/// The result of a search in some lines.
enum Found {
    /// The offset of a line, and its time.
    Line(u64, i64),
    Nothing,
    /// The bound was reached.
    TooFar,
}

impl Search<'_> {
    /// Offset of the next line.
    fn line_after(&self, offset: u64) -> io::Result<u64> {
        let part = window(&self.file, self.size, Part::After(offset), STEP)?;
        let end = part.bytes.iter().position(|&byte| byte == b'\n');
        Ok(end.map_or(part.to, |end| part.from + end as u64 + 1))
    }

    /// The first line between these offsets with a time that is wanted.
    fn timed(&mut self, from: u64, to: u64, is_wanted: impl Fn(i64) -> bool) -> io::Result<Found> {
        let mut at = from;
        while at < to {
            if self.left == 0 {
                return Ok(Found::TooFar);
            }
            let part = window(&self.file, self.size, Part::After(at), STEP)?;
            self.left = self.left.saturating_sub(part.bytes.len() as u64);
            for (offset, line) in lines(&part).take_while(|(offset, _)| *offset < to) {
                if let Some(time) = self.clock.of_line(line).filter(|&time| is_wanted(time)) {
                    return Ok(Found::Line(offset, time));
                }
            }
            if part.to == at {
                break;
            }
            at = part.to;
        }
        Ok(Found::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn the_first_line_not_before_a_time() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let clock = LogClock::system();
        let start = 1_795_000_000_000_i64;
        let mut text = "no time yet\n".repeat(50);
        let mut offsets = Vec::new();
        for n in 0..20_000_i64 {
            let time = Timestamp::from_millisecond(start + n * 1000).unwrap();
            offsets.push(text.len() as u64);
            text += &format!("{time} line {n}\n  a line without a time\n");
        }
        std::fs::write(file.path(), &text).unwrap();
        let jump = |time| jump(file.path(), time, &clock).unwrap();
        for n in [0, 1, 2, 777, 9_999, 10_000, 19_998, 19_999] {
            let expected = Some(offsets[usize::try_from(n).unwrap()]);
            assert_eq!(jump(start + n * 1000), expected, "{n}");
            assert_eq!(jump(start + n * 1000 - 1), expected, "before {n}");
        }
        assert_eq!(jump(0), Some(offsets[0]));
        assert_eq!(jump(i64::MAX), Some(text.len() as u64));
        // a dump in the middle, and more after it
        let dump = "0123456789abcdef\n".repeat(80_000);
        let line = |n: i64| {
            let time = Timestamp::from_millisecond(start + n * 1000).unwrap();
            format!("{time} line {n}\n")
        };
        let (before, between): (String, String) =
            ((0..10).map(line).collect(), (10..20).map(line).collect());
        let rest: String = (20..1000).map(line).collect();
        let text = [&before, &dump, &between, &dump, &rest]
            .map(String::as_str)
            .concat();
        std::fs::write(file.path(), &text).unwrap();
        for n in [0, 5, 9, 10, 11, 19, 20, 21, 999] {
            let expected = text.find(&line(n)).map(|at| at as u64);
            assert_eq!(jump(start + n * 1000), expected, "{n}");
        }
        assert_eq!(jump(i64::MAX), Some(text.len() as u64));
        // further than one jump looks: the next line that is known to be later
        let far = [&before, &dump, &rest].map(String::as_str).concat();
        std::fs::write(file.path(), &far).unwrap();
        let found = within(1_200_000, file.path(), start + 15_000, &clock).unwrap();
        let found = usize::try_from(found.unwrap()).unwrap();
        assert!(far[found..].starts_with(&line(20)), "{found}");
        std::fs::write(file.path(), "no time\n".repeat(100_000)).unwrap();
        assert_eq!(jump(start), None);
        std::fs::write(file.path(), "").unwrap();
        assert_eq!(jump(start), None);
    }
}
