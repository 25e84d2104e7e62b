//! A log of lines with their time and origin (`*_logfile_format`).

use visord_model::output::format::Formatter;

use super::Output;
use crate::clock::{LocalClock, since_1970};
use crate::disk::Disk;
use crate::spec::ChannelSpec;

pub(super) struct Lines {
    formatter: Formatter,
    clock: LocalClock,
    /// Lines on their way to the file.
    ready: Vec<u8>,
}

impl Lines {
    /// What the format asks for; `None` for raw.
    pub(super) fn of(spec: &ChannelSpec) -> Option<Self> {
        let format = spec.config.file.format;
        let formatter = Formatter::new(format, &spec.name.group, &spec.name.process, spec.stream)?;
        Some(Self {
            formatter,
            clock: LocalClock::for_rfc3339(),
            ready: Vec::new(),
        })
    }
}

impl<D: Disk> Output<D> {
    /// The next bytes, or the end, as lines of the log.
    pub(super) fn put_lines(&mut self, next: Option<&[u8]>) {
        let Some(mut lines) = self.lines.take() else {
            return;
        };
        lines.ready.clear();
        match next {
            Some(bytes) => {
                let time = lines.clock.rfc3339(since_1970());
                lines.formatter.feed(bytes, &time, &mut lines.ready);
            }
            None => lines.formatter.finish(&mut lines.ready),
        }
        if !lines.ready.is_empty() {
            self.put(&lines.ready);
        }
        self.lines = Some(lines);
    }
}
