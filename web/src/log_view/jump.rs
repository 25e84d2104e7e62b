//! To the first line of a log at or after a time: halving, as its lines are in the order of
//! their times.

use std::fs::File;
use std::io;
use std::path::Path;

use super::time::Clock;
use super::{Part, lines, open, window};

/// Bytes looked at around each guess.
const STEP: u64 = 64 * 1024;

/// How far a line with a time is looked for.
const PATIENCE: u64 = 16 * STEP;

/// The offset of the first line from this time (milliseconds since 1970) or later; that of the
/// end if all are earlier; nothing if no line has a time.
///
/// # Errors
/// Those of opening and reading.
pub fn jump(path: &Path, time: i64, clock: &Clock) -> io::Result<Option<u64>> {
    let (file, size) = open(path)?;
    let Some((first, _)) = timed(&file, size, 0, size, clock, |_| true)? else {
        return Ok(None);
    };
    // lines that begin before `low` are earlier, those from `high` on are not
    let (mut low, mut high) = (first, size);
    while high - low > STEP {
        let middle = low + (high - low) / 2;
        match timed(
            &file,
            size,
            line_after(&file, size, middle)?,
            high,
            clock,
            |_| true,
        )? {
            Some((at, then)) if then < time && at > low => low = at,
            Some(_) | None => high = middle,
        }
    }
    let end = (high + STEP).min(size);
    let found = timed(&file, size, low, end, clock, |then| then >= time)?;
    Ok(Some(found.map_or(size, |(at, _)| at)))
}

/// Where the next line begins.
fn line_after(file: &File, size: u64, offset: u64) -> io::Result<u64> {
    let part = window(file, size, Part::After(offset), STEP)?;
    let end = part.bytes.iter().position(|&byte| byte == b'\n');
    Ok(end.map_or(part.to, |end| part.from + end as u64 + 1))
}

/// The first line from here on, before there, that has such a time, and its time.
fn timed(
    file: &File,
    size: u64,
    from: u64,
    to: u64,
    clock: &Clock,
    is_wanted: impl Fn(i64) -> bool,
) -> io::Result<Option<(u64, i64)>> {
    let mut at = from;
    while at < to && at - from < PATIENCE {
        let part = window(file, size, Part::After(at), STEP)?;
        for (offset, line) in lines(&part).take_while(|(offset, _)| *offset < to) {
            if let Some(time) = clock.of_line(line).filter(|&time| is_wanted(time)) {
                return Ok(Some((offset, time)));
            }
        }
        if part.to == at {
            break;
        }
        at = part.to;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn the_first_line_not_before_a_time() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let clock = Clock::system();
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
        std::fs::write(file.path(), "no time\n".repeat(100_000)).unwrap();
        assert_eq!(jump(start), None);
        std::fs::write(file.path(), "").unwrap();
        assert_eq!(jump(start), None);
    }
}
