//! The two text formats, and which of them a client gets.

/// A text format. They differ in the names of counters in comments and in the end of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Prometheus text format 0.0.4.
    Prometheus,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
}

impl Format {
    /// The one that the `Accept` header prefers; in doubt the older one, which all clients read.
    #[must_use]
    pub(super) fn accepted(accept: Option<&str>) -> Self {
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
            // the versions that these formats are compatible with
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

    /// Its `Content-Type`.
    #[must_use]
    pub(super) const fn content_type(self) -> &'static str {
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
            assert_eq!(Format::accepted(accept), format, "{accept:?}");
        }
    }
}
