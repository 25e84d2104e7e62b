//! `/proc/PID/stat`: the few fields that matter here.
//!
//! An own reader instead of the crate procfs: it is read for every process of the machine, and
//! six fields of one line need neither its types nor its dependencies.

use std::fs::{self, File};
use std::io::Read;

/// One process at one moment. Times are in clock ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) pid: i32,
    pub(super) parent: i32,
    pub(super) group: i32,
    /// Its own time.
    pub(super) own_ticks: u64,
    /// That, and the time of the children it has waited for.
    pub(super) ticks: u64,
    /// When it started, since boot: with the pid it names a process for good.
    pub(super) born: u64,
    /// Pages in memory.
    pub(super) pages: u64,
}

impl Stat {
    /// Whether it is the same process for good: pids are used again.
    pub(super) const fn is(&self, other: &Self) -> bool {
        self.pid == other.pid && self.born == other.born
    }

    /// Read a line as of `proc_pid_stat(5)`. The name may hold anything, even `) S 1`.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let name_ends = line.iter().rposition(|byte| *byte == b')')?;
        let name_begins = line.iter().position(|byte| *byte == b'(')?;
        let pid = std::str::from_utf8(line.get(..name_begins)?).ok()?;
        let rest = std::str::from_utf8(line.get(name_ends + 1..)?).ok()?;
        // the state is field 3 of the manual
        let fields: Vec<&str> = rest.split_ascii_whitespace().take(22).collect();
        let field = |number: usize| fields.get(number - 3).copied();
        let count = |number: usize| field(number)?.parse::<u64>().ok();
        // some are signed in the kernel, and never below nothing
        let signed =
            |number: usize| Some(field(number)?.parse::<i64>().ok()?.max(0).cast_unsigned());
        let own_ticks = count(14)? + count(15)?;
        Some(Self {
            pid: pid.trim().parse().ok()?,
            parent: field(4)?.parse().ok()?,
            group: field(5)?.parse().ok()?,
            own_ticks,
            ticks: own_ticks + signed(16)? + signed(17)?,
            born: count(22)?,
            pages: signed(24)?,
        })
    }
}

pub(super) fn own() -> Option<Stat> {
    Stat::parse(&fs::read("/proc/self/stat").ok()?)
}

/// Every process there is. One that ends meanwhile is left out.
pub(super) fn all() -> Vec<Stat> {
    let Ok(folder) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let mut line = Vec::with_capacity(1024);
    let mut all = Vec::new();
    for entry in folder.flatten() {
        let name = entry.file_name();
        let digits = name.as_encoded_bytes().iter().all(u8::is_ascii_digit);
        let file = digits.then(|| File::open(entry.path().join("stat")));
        if let Some(Ok(mut file)) = file {
            line.clear();
            if file.read_to_end(&mut line).is_ok() {
                all.extend(Stat::parse(&line));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAIL: &str = "S 1 7 7 0 -1 4194560 100 200 0 0 11 22 33 44 20 0 1 0 987654 1000000 2345 \
                        18446744073709551615 1 1 0";

    #[test]
    fn fields() {
        for name in ["sleep", "a b", ") R 5 5 5", "((", "\u{fffd}"] {
            let line = format!("7 ({name}) {TAIL}\n");
            let expected = Stat {
                pid: 7,
                parent: 1,
                group: 7,
                own_ticks: 33,
                ticks: 110,
                born: 987_654,
                pages: 2345,
            };
            assert_eq!(Stat::parse(line.as_bytes()), Some(expected), "{name}");
        }
        let bytes = [b"7 (\xff) ".as_slice(), TAIL.as_bytes()].concat();
        assert!(Stat::parse(&bytes).is_some());
        for line in ["", "7", "7 (x", "7 (x) S 1", "x (x) S 1 7 7"] {
            assert_eq!(Stat::parse(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn this_very_process_is_among_them() {
        let me = i32::try_from(std::process::id()).unwrap();
        let all = all();
        let mine = all.iter().find(|stat| stat.pid == me).unwrap();
        assert!(mine.pages > 0 && mine.born > 0);
        assert!(all.iter().any(|stat| stat.pid == mine.parent) || mine.parent == 0);
    }
}
