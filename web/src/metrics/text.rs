//! The two text formats: which of them a client gets, and how they are written.
//!
//! No crate writes both (docs/decisions/0011-metrics.md).

use std::fmt::{Display, Write as _};

use actix_web::HttpRequest;
use actix_web::http::header::{Accept, Header as _, Quality, QualityItem};

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
    pub(super) fn accepted(request: &HttpRequest) -> Self {
        let mut best = [Quality::ZERO; 2];
        let accept = Accept::parse(request).map_or_else(|_| Vec::new(), |accept| accept.0);
        for QualityItem { item, quality } in accept {
            let place = match item.essence_str() {
                "text/plain" | "text/*" | "*/*" => 0,
                "application/openmetrics-text" => 1,
                _ => continue,
            };
            // the versions that these formats are compatible with
            let known = ["", "0.0.1", "0.0.4", "1.0.0"];
            let version = item.get_param("version");
            if version.is_none_or(|version| known.contains(&version.as_str())) {
                best[place] = best[place].max(quality);
            }
        }
        if best[1] > Quality::ZERO && best[1] >= best[0] {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    /// Its `Content-Type`.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The kind of a family: its type, and what its samples have after the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MetricKind(&'static str, &'static str);

/// Increases and decreases.
pub(super) const GAUGE: MetricKind = MetricKind("gauge", "");

/// Increases.
pub(super) const COUNTER: MetricKind = MetricKind("counter", "_total");

/// A fact in labels, always 1.
pub(super) const INFO: MetricKind = MetricKind("info", "_info");

/// Counts by size.
pub(super) const HISTOGRAM: MetricKind = MetricKind("histogram", "");

/// Name and value of a label; the value may be any text.
pub(super) type Label<'a> = (&'static str, &'a str);

/// An unfinished page.
#[derive(Debug)]
pub(super) struct Text {
    format: Format,
    out: String,
}

impl Text {
    /// An empty page.
    pub(super) const fn new(format: Format) -> Self {
        Self {
            format,
            out: String::new(),
        }
    }

    /// A family with its samples. A name that ends with `_seconds` or `_bytes` has this unit.
    pub(super) fn family<'a, const N: usize, V: Display>(
        &mut self,
        kind: MetricKind,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = ([Label<'a>; N], V)>,
    ) {
        self.header(kind, name, help);
        for (labels, value) in samples {
            self.line(name, kind.1, &labels, value);
        }
    }

    /// A histogram of a family: bounds with the number of observations up to each, all of them,
    /// and their sum.
    pub(super) fn histogram(
        &mut self,
        name: &str,
        label: Label<'_>,
        buckets: impl Iterator<Item = (f64, u64)>,
        count: u64,
        sum: f64,
    ) {
        for (bound, below) in buckets {
            // OpenMetrics requires bounds with a point
            let bound = format!("{bound:?}");
            self.line(name, "_bucket", &[label, ("le", &bound)], below);
        }
        self.line(name, "_bucket", &[label, ("le", "+Inf")], count);
        self.line(name, "_count", &[label], count);
        self.line(name, "_sum", &[label], sum);
    }

    /// The comments before the samples of a family.
    pub(super) fn header(&mut self, kind: MetricKind, name: &str, help: &str) {
        let MetricKind(word, suffix) = match self.format {
            Format::OpenMetrics => MetricKind(kind.0, ""),
            // here the names are those of the samples
            Format::Prometheus if kind == INFO => MetricKind(GAUGE.0, kind.1),
            Format::Prometheus => kind,
        };
        let out = &mut self.out;
        // writing to a String cannot fail
        let _ = writeln!(out, "# TYPE {name}{suffix} {word}");
        let unit = ["seconds", "bytes"].iter().find(|u| name.ends_with(*u));
        if let (Format::OpenMetrics, Some(unit)) = (self.format, unit) {
            let _ = writeln!(out, "# UNIT {name} {unit}");
        }
        let _ = writeln!(out, "# HELP {name}{suffix} {help}");
    }

    fn line(&mut self, name: &str, suffix: &str, labels: &[Label<'_>], value: impl Display) {
        // writing to a String cannot fail
        let out = &mut self.out;
        out.push_str(name);
        out.push_str(suffix);
        let mut before = '{';
        for (name, value) in labels {
            let _ = write!(out, "{before}{name}=\"");
            before = ',';
            escape_into(out, value);
            out.push('"');
        }
        if before == ',' {
            out.push('}');
        }
        let _ = writeln!(out, " {value}");
    }

    /// The complete page.
    pub(super) fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
        self.out
    }
}

fn escape_into(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::ACCEPT;
    use actix_web::test::TestRequest;

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
            let mut request = TestRequest::default();
            if let Some(accept) = accept {
                request = request.insert_header((ACCEPT, accept));
            }
            let found = Format::accepted(&request.to_http_request());
            assert_eq!(found, format, "{accept:?}");
        }
    }

    fn page(format: Format) -> String {
        let mut text = Text::new(format);
        text.family(GAUGE, "v_up", "Whether.", [([], 1)]);
        let hostile = [("name", "a\\b\"c\nd}é")];
        text.family(COUNTER, "v_cpu_seconds", "Time.", [(hostile, 1.5)]);
        let version = [("version", "1")];
        text.family(INFO, "v_build", "Which.", [(version, 1)]);
        text.header(HISTOGRAM, "v_wait_seconds", "Waits.");
        let buckets = [(0.001, 1), (1.0, 2)].into_iter();
        text.histogram("v_wait_seconds", ("m", "x"), buckets, 3, 4.25);
        text.finish()
    }

    #[test]
    fn openmetrics() {
        assert_eq!(
            page(Format::OpenMetrics),
            "# TYPE v_up gauge\n\
             # HELP v_up Whether.\n\
             v_up 1\n\
             # TYPE v_cpu_seconds counter\n\
             # UNIT v_cpu_seconds seconds\n\
             # HELP v_cpu_seconds Time.\n\
             v_cpu_seconds_total{name=\"a\\\\b\\\"c\\nd}é\"} 1.5\n\
             # TYPE v_build info\n\
             # HELP v_build Which.\n\
             v_build_info{version=\"1\"} 1\n\
             # TYPE v_wait_seconds histogram\n\
             # UNIT v_wait_seconds seconds\n\
             # HELP v_wait_seconds Waits.\n\
             v_wait_seconds_bucket{m=\"x\",le=\"0.001\"} 1\n\
             v_wait_seconds_bucket{m=\"x\",le=\"1.0\"} 2\n\
             v_wait_seconds_bucket{m=\"x\",le=\"+Inf\"} 3\n\
             v_wait_seconds_count{m=\"x\"} 3\n\
             v_wait_seconds_sum{m=\"x\"} 4.25\n\
             # EOF\n"
        );
    }

    #[test]
    fn prometheus() {
        let page = page(Format::Prometheus);
        assert!(!page.contains("UNIT") && !page.contains("EOF"), "{page}");
        for line in [
            "# TYPE v_cpu_seconds_total counter\n# HELP v_cpu_seconds_total Time.\nv_cpu_seconds_total{",
            "# TYPE v_build_info gauge\n# HELP v_build_info Which.\nv_build_info{version=\"1\"} 1\n",
        ] {
            assert!(page.contains(line), "{page}");
        }
    }
}
