//! What a process uses, as text and as a small curve. `scripts/processes.js` has the same rules.

use std::fmt::Write as _;

use visord_actors::usage::Sample;

/// Pixels of a curve; a sample is one wide.
pub const WIDTH: usize = 60;

/// Pixels of its height.
const HEIGHT: f32 = 18.0;

/// Percent of a core at the top of a curve, at least: a process that does almost nothing has a
/// flat curve.
const LEAST: f32 = 10.0;

/// A curve of processor time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curve {
    /// The path, for SVG.
    pub path: String,
    /// Percent of a core at its top; empty for [`LEAST`].
    pub top: String,
}

/// `12.3%` of one core.
pub fn cpu(percent: f32) -> String {
    format!("{percent:.1}%")
}

/// `34 MiB`; one decimal below 10.
pub fn memory(bytes: u64) -> String {
    // too small an error to be seen
    #[allow(clippy::cast_precision_loss)]
    let mut amount = bytes as f64 / 1024.0;
    let mut unit = "KiB";
    for next in ["MiB", "GiB", "TiB", "PiB"] {
        if amount < 1023.5 {
            break;
        }
        (amount, unit) = (amount / 1024.0, next);
    }
    if amount < 9.95 {
        format!("{amount:.1} {unit}")
    } else {
        format!("{amount:.0} {unit}")
    }
}

/// The curve of the last samples, at most so many; `None` for less than two.
pub fn curve(samples: &[Sample], most: usize) -> Option<Curve> {
    let shown = &samples[samples.len().saturating_sub(most.min(WIDTH))..];
    let top = shown.iter().map(|sample| sample.cpu).fold(LEAST, f32::max);
    // from 0 (top) to HEIGHT
    #[allow(clippy::cast_possible_truncation)]
    let depth = |sample: &Sample| (HEIGHT - sample.cpu / top * HEIGHT).round() as i32;
    let (first, rest) = shown.split_first().filter(|(_, rest)| !rest.is_empty())?;
    let mut before = depth(first);
    // writing to a String cannot fail
    let mut path = String::new();
    let _ = write!(path, "M{} {}l", WIDTH - shown.len(), before + 1);
    let mut flat = 0;
    for sample in rest {
        let here = depth(sample);
        let change = here - before;
        if change == 0 {
            flat += 1;
            continue;
        }
        if flat > 0 {
            let _ = write!(path, "{flat} 0 ");
            flat = 0;
        }
        // a minus separates, too
        let gap = if change < 0 { "" } else { " " };
        let _ = write!(path, "1{gap}{change} ");
        before = here;
    }
    if flat > 0 {
        let _ = write!(path, "{flat} 0");
    }
    path.truncate(path.trim_end().len());
    Some(Curve {
        path,
        top: if top > LEAST {
            format!("{top:.1}")
        } else {
            String::new()
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(cpu: &[f32]) -> Vec<Sample> {
        let sample = |cpu: &f32| Sample {
            cpu: *cpu,
            ..Sample::default()
        };
        cpu.iter().map(sample).collect()
    }

    #[test]
    fn words() {
        for (bytes, text) in [
            (0, "0.0 KiB"),
            (9 * 1024, "9.0 KiB"),
            (10 * 1024 - 1, "10 KiB"),
            (1_048_064, "1.0 MiB"),
            (1_047_000, "1022 KiB"),
            (35 << 20, "35 MiB"),
            (3 << 29, "1.5 GiB"),
            (5 << 50, "5.0 PiB"),
        ] {
            assert_eq!(memory(bytes), text);
        }
        assert_eq!(cpu(0.04), "0.0%");
        assert_eq!(cpu(399.96), "400.0%");
    }

    #[test]
    fn curves() {
        assert_eq!(curve(&samples(&[]), 60), None);
        assert_eq!(curve(&samples(&[1.0]), 60), None);
        let found = curve(&samples(&[0.0, 5.0, 10.0, 0.0]), 60).unwrap();
        assert_eq!(found.path, "M56 19l1-9 1-9 1 18");
        assert_eq!(found.top, "");
        let found = curve(&samples(&[0.0, 0.0, 0.0, 10.0, 0.0, 0.0]), 60).unwrap();
        assert_eq!(found.path, "M54 19l2 0 1-18 1 18 1 0");
        let found = curve(&samples(&[7.0, 0.0, 50.0]), 2).unwrap();
        assert_eq!(
            (found.path.as_str(), found.top.as_str()),
            ("M58 19l1-18", "50.0")
        );
        // the longest path of a full curve
        let busy: Vec<f32> = (0..200)
            .map(|n| if n % 2 == 0 { 0.0 } else { 99.0 })
            .collect();
        assert!(curve(&samples(&busy), 60).unwrap().path.len() < 60 * 5 + 8);
    }
}
