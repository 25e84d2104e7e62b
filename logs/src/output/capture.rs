//! Capture mode (spec core 6.7): what stands between two tokens becomes an event.

use visord_model::event::Event;
use visord_model::output::capture::{Piece, Section, Splitter};

use super::Output;
use crate::disk::Disk;
use crate::spec::ChannelSpec;

pub(super) struct Capture {
    splitter: Splitter,
    section: Section,
}

impl Capture {
    /// What the configuration asks for; `None` without capture mode.
    pub(super) fn of(spec: &ChannelSpec) -> Option<Self> {
        let capacity = usize::try_from(spec.config.capture_maxbytes).ok()?;
        (capacity > 0).then(|| Self {
            splitter: Splitter::default(),
            section: Section::new(capacity),
        })
    }
}

impl<D: Disk> Output<D> {
    /// The end of the output, for capture mode.
    pub(super) fn finish_capture(&mut self) {
        self.split(None);
        let capture = self.capture.as_ref();
        let dropped = capture.map_or(0, |capture| capture.section.bytes.len());
        if dropped > 0 {
            let of = self.spec.shown();
            slog::debug!(
                self.logger,
                "{of} ended inside a capture, {dropped} captured bytes dropped"
            );
        }
        self.capture = Capture::of(&self.spec);
    }

    /// Sends the next bytes, or the end, through the splitter.
    pub(super) fn split(&mut self, next: Option<&[u8]>) {
        let Some(mut capture) = self.capture.take() else {
            return;
        };
        let Capture { splitter, section } = &mut capture;
        let mut found = |piece: Piece<'_>| match piece {
            Piece::Outside(bytes) => self.record(bytes, None),
            Piece::Inside(bytes) => self.record(bytes, Some(section)),
            Piece::Begin => section.bytes.clear(),
            Piece::End => self.captured(std::mem::take(&mut section.bytes)),
        };
        match next {
            Some(bytes) => splitter.feed(bytes, &mut found),
            None => splitter.finish(&mut found),
        }
        self.capture = Some(capture);
    }

    fn captured(&mut self, data: Vec<u8>) {
        if let Some(events) = &self.spec.events {
            events.publish(Event::ProcessCommunication(self.event(data)));
        }
        let of = self.spec.shown();
        slog::debug!(self.logger, "{of} emitted a comm event");
    }
}
