//! Writes the text formats.
//!
//! An own writer instead of the crate `prometheus-client`, which writes OpenMetrics alone (many
//! agents and scripts read only the older format), and whose registry of live metrics is in the
//! way where numbers are read from where they are kept.

use std::fmt::{Display, Write as _};

use super::format::Format;

/// The kind of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Goes up and down.
    Gauge,
    /// Goes up; its samples have the suffix `_total`.
    Counter,
    /// Says what is so: always 1; its samples have the suffix `_info`.
    Info,
    /// Counts by size.
    Histogram,
}

/// Names and values of labels; values may be any text.
pub(super) type Labels<'a> = &'a [(&'static str, &'a str)];

/// A page in the making.
#[derive(Debug)]
pub(super) struct Text {
    format: Format,
    out: String,
    name: &'static str,
    kind: Kind,
}

impl Text {
    /// An empty page.
    pub(super) const fn new(format: Format) -> Self {
        Self {
            format,
            out: String::new(),
            name: "",
            kind: Kind::Gauge,
        }
    }

    /// Begin a family; samples that follow belong to it. A name that ends with `_seconds` or
    /// `_bytes` has this unit.
    pub(super) fn family(&mut self, kind: Kind, name: &'static str, help: &str) {
        (self.name, self.kind) = (name, kind);
        let (suffix, word) = match (self.format, kind) {
            (_, Kind::Gauge) => ("", "gauge"),
            (_, Kind::Histogram) => ("", "histogram"),
            (Format::OpenMetrics, Kind::Counter) => ("", "counter"),
            (Format::OpenMetrics, Kind::Info) => ("", "info"),
            // here the names are those of the samples
            (Format::Prometheus, Kind::Counter) => ("_total", "counter"),
            (Format::Prometheus, Kind::Info) => ("_info", "gauge"),
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

    /// A sample of the family.
    pub(super) fn sample(&mut self, labels: Labels<'_>, value: impl Display) {
        let suffix = match self.kind {
            Kind::Gauge | Kind::Histogram => "",
            Kind::Counter => "_total",
            Kind::Info => "_info",
        };
        self.line(suffix, labels, None, value);
    }

    /// A histogram: bounds with the number of observations up to each, all of them, and their
    /// sum.
    pub(super) fn histogram(
        &mut self,
        labels: Labels<'_>,
        buckets: impl Iterator<Item = (f64, u64)>,
        count: u64,
        sum: f64,
    ) {
        for (bound, below) in buckets {
            self.line("_bucket", labels, Some(("le", &float(bound))), below);
        }
        self.line("_bucket", labels, Some(("le", "+Inf")), count);
        self.line("_count", labels, None, count);
        self.line("_sum", labels, None, sum);
    }

    fn line(
        &mut self,
        suffix: &str,
        labels: Labels<'_>,
        more: Option<(&str, &str)>,
        value: impl Display,
    ) {
        let out = &mut self.out;
        out.push_str(self.name);
        out.push_str(suffix);
        let mut before = '{';
        for (name, value) in labels.iter().copied().chain(more) {
            out.push(before);
            before = ',';
            out.push_str(name);
            out.push_str("=\"");
            escape_into(out, value);
            out.push('"');
        }
        if before == ',' {
            out.push('}');
        }
        // writing to a String cannot fail
        let _ = writeln!(out, " {value}");
    }

    /// The page.
    pub(super) fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
        self.out
    }
}

/// OpenMetrics wants bounds with a point.
fn float(number: f64) -> String {
    format!("{number:?}")
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

    fn page(format: Format) -> String {
        let mut text = Text::new(format);
        text.family(Kind::Gauge, "v_up", "Whether.");
        text.sample(&[], 1);
        text.family(Kind::Counter, "v_cpu_seconds", "Time.");
        text.sample(&[("name", "a\\b\"c\nd}é")], 1.5);
        text.family(Kind::Info, "v_build", "Which.");
        text.sample(&[("version", "1")], 1);
        text.family(Kind::Histogram, "v_wait_seconds", "Waits.");
        let buckets = [(0.001, 1), (1.0, 2)].into_iter();
        text.histogram(&[("m", "x")], buckets, 3, 4.25);
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
