//! Numbers as people read them.

/// A duration: `42s`, `5m 12s`, `3h 7m`, `12d 4h`. Nothing is rounded up.
#[must_use]
pub fn time(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    if days > 0 {
        format!("{days}d {}h", hours % 24)
    } else if hours > 0 {
        format!("{hours}h {}m", minutes % 60)
    } else if minutes > 0 {
        format!("{minutes}m {}s", seconds % 60)
    } else {
        format!("{seconds}s")
    }
}

/// A number of bytes: `512 B`, `4.2 MiB`, `123 GiB`.
#[must_use]
pub fn bytes(count: f64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024.0 {
        return format!("{count:.0} B");
    }
    let mut size = count / 1024.0;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        // 1023.5 would be shown as 1024.
        if size < 1023.5 {
            break;
        }
        size /= 1024.0;
        unit = larger;
    }
    // 9.95 would be shown as 10.0.
    if size < 9.95 {
        format!("{size:.1} {unit}")
    } else {
        format!("{size:.0} {unit}")
    }
}

/// A percentage: `12.5%`.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{share:.1}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (seconds, text) in [
            (-3, "0s"),
            (59, "59s"),
            (60, "1m 0s"),
            (3599, "59m 59s"),
            (3600, "1h 0m"),
            (86_399, "23h 59m"),
            (1_000_000, "11d 13h"),
        ] {
            assert_eq!(time(seconds), text);
        }
    }

    #[test]
    fn sizes() {
        for (count, text) in [
            (0.0, "0 B"),
            (1023.0, "1023 B"),
            (1024.0, "1.0 KiB"),
            (10_188.0, "9.9 KiB"),
            (10_200.0, "10 KiB"),
            (1_048_000.0, "1023 KiB"),
            (1_048_200.0, "1.0 MiB"),
            (5.5e9, "5.1 GiB"),
            (1e18, "888 PiB"),
        ] {
            assert_eq!(bytes(count), text);
        }
        assert_eq!(percent(12.34), "12.3%");
    }
}
