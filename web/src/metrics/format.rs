//! Which of the two text formats a client gets.

/// A text format. They differ in how counters are named in their comments and in how a page ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text format 0.0.4.
    Prometheus,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
}

impl Format {
    /// What the `Accept` header prefers; the older format, which everybody reads, in doubt.
    #[must_use]
    pub fn asked(accept: Option<&str>) -> Self {
        let mut best = [0.0_f32; 2];
        for range in accept.unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
            let place = match kind.as_str() {
                "text/plain" | "text/*" | "*/*" => 0,
                "application/openmetrics-text" => 1,
                _ => continue,
            };
            let (mut quality, mut version) = (1.0, "");
            for (key, value) in parts.filter_map(|part| part.split_once('=')) {
                match key.trim() {
                    "q" => quality = value.trim().parse().unwrap_or(0.0),
                    "version" => version = value.trim().trim_matches('"'),
                    _ => {}
                }
            }
            // there is no other version of ours
            let known = matches!(version, "" | "0.0.1" | "0.0.4" | "1.0.0");
            if known && quality > best[place] {
                best[place] = quality;
            }
        }
        if best[1] > 0.0 && best[1] >= best[0] {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    /// The header that says so.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negotiation() {
        use Format::{OpenMetrics as O, Prometheus as P};
        for (accept, format) in [
            (None, P),
            (Some(""), P),
            (Some("*/*"), P),
            (Some("text/html,application/xhtml+xml,*/*;q=0.8"), P),
            (Some("application/openmetrics-text"), O),
            (Some("Application/OpenMetrics-Text; version=\"1.0.0\""), O),
            (Some("application/openmetrics-text; version=2.0.0"), P),
            (Some("application/openmetrics-text;q=0,*/*"), P),
            (
                Some("application/openmetrics-text;q=0.2,text/plain;q=0.5"),
                P,
            ),
            (Some("application/openmetrics-text;q=x,text/plain"), P),
            // Prometheus 3
            (
                Some(
                    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                     application/openmetrics-text;version=0.0.1;q=0.4,\
                     text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
                     text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                ),
                O,
            ),
        ] {
            assert_eq!(Format::asked(accept), format, "{accept:?}");
        }
    }
}
