//! A disk that fails on purpose: whatever it does, the bytes a child wrote are the bytes
//! stored plus the bytes declared lost.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use slog::{OwnedKVList, Record};
use visord_config::LogFileConfig;
use visord_model::output::rotation::RotateBy;

use super::*;
use crate::file::FileAction;
use crate::tests::faulty::{FaultyDisk, Weather};

/// A logger that adds up the declared losses.
#[derive(Clone, Default)]
struct Declared(Arc<Mutex<u64>>);

impl Drain for Declared {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &Record<'_>, _values: &OwnedKVList) -> Result<(), slog::Never> {
        let text = record.msg().to_string();
        if let Some((bytes, _)) = text.split_once(" bytes of 'x' stdout lost: ") {
            *self.0.lock().expect("lock") += bytes.parse::<u64>().expect("a number");
        }
        Ok(())
    }

    fn is_enabled(&self, level: slog::Level) -> bool {
        level.is_at_least(slog::Level::Info)
    }
}

fn spec() -> ChannelSpec {
    ChannelSpec {
        file: Some(PathBuf::from("/log/x")),
        ..crate::tests::spec()
    }
}

/// An output on a faulty disk and what is known about it.
struct Trial {
    disk: FaultyDisk,
    output: Output<FaultyDisk>,
    declared: Declared,
    written: Vec<u8>,
    now: Instant,
}

impl Trial {
    fn new(disk: FaultyDisk, options: LogFileConfig) -> Self {
        let declared = Declared::default();
        let file = LogFile::open(disk.clone(), "/log/x".into(), options).expect("good weather");
        let logger = Logger::root(declared.clone(), slog::o!());
        Self {
            output: Output::new(
                spec(),
                Some(file),
                None,
                Counts::default(),
                logger,
                Followers::default(),
            ),
            disk,
            declared,
            written: Vec::new(),
            now: Instant::now(),
        }
    }

    fn say(&mut self, length: usize) {
        let start = self.written.len();
        let bytes: Vec<u8> = (start..start + length).map(|n| (n % 251) as u8).collect();
        self.written.extend_from_slice(&bytes);
        self.output.accept(&bytes);
    }

    /// One thing that happens to an output.
    fn step(&mut self, dice: &mut fastrand::Rng) {
        match dice.u8(0..20) {
            0..=9 => self.say(dice.usize(0..200)),
            10 => self.disk.set_weather(Weather::any(dice)),
            11 => self.disk.set_weather(Weather::Good),
            12 => self.disk.remove("/log/x"),
            13 => self.disk.move_away("/log/x"),
            14 => self.disk.replace("/log/x"),
            15 => drop(self.output.reopen()),
            // a failure is the caller's to report
            16 => {
                let file = self.output.file.as_mut();
                drop(file.map(|file| file.maintain(FileAction::Clear)));
            }
            17 => self.output.resume(),
            18 => self.now += Duration::from_millis(dice.u64(0..1500)),
            _ => self.output.declare(self.now),
        }
    }

    /// The child is gone and the disk is well again.
    fn end(&mut self) {
        self.output.abandon_queue();
        self.disk.set_weather(Weather::Good);
        let stored = self.disk.stored().len();
        self.say(10);
        assert_eq!(self.disk.stored().len(), stored + 10, "storing resumes");
        self.output.finish();
        self.output.declare(self.now + Duration::from_secs(1));
    }
}

/// Whether `part` is `whole` with some bytes left out.
fn is_subsequence(part: &[u8], whole: &[u8]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|byte| rest.any(|other| other == byte))
}

#[test]
fn every_byte_is_stored_or_declared_lost() {
    let mut lossy = 0;
    for seed in 0..10_000 {
        let mut dice = fastrand::Rng::with_seed(seed);
        let disk = FaultyDisk::new(seed, dice.bool());
        let mut options = LogFileConfig {
            maxbytes: dice.i64(0..3) * 150,
            backups: dice.i64(0..3),
            ..LogFileConfig::default()
        };
        if dice.bool() {
            options.rotate = RotateBy::Hourly;
        }
        let clock = disk.clone();
        let mut trial = Trial::new(disk, options);
        for step in 0..dice.usize(0..60) {
            clock.set_clock(i64::try_from(step).expect("small") * 1000);
            trial.step(&mut dice);
        }
        trial.end();
        let stored = trial.disk.stored();
        let declared = *trial.declared.0.lock().expect("lock");
        assert_eq!(
            trial.written.len() as u64,
            stored.len() as u64 + declared,
            "seed {seed}"
        );
        assert_eq!(
            trial.output.counts.lost.load(Ordering::Relaxed),
            declared,
            "seed {seed}"
        );
        assert!(is_subsequence(&stored, &trial.written), "seed {seed}");
        lossy += u32::from(declared > 0);
    }
    // the test is worth something only if both outcomes are common
    assert!((2_000..9_000).contains(&lossy), "{lossy} trials lost bytes");
}

#[test]
fn a_stalled_sink_keeps_what_it_can_and_loses_the_rest() {
    let disk = FaultyDisk::new(1, true);
    let mut trial = Trial::new(disk, LogFileConfig::default());
    trial.disk.set_weather(Weather::Full);
    trial.say(QUEUE_LIMIT);
    trial.say(100);
    assert_eq!(trial.output.queued(), QUEUE_LIMIT);
    assert!(trial.output.loss.is_owed());
    trial.disk.set_weather(Weather::Good);
    trial.output.resume();
    assert_eq!(trial.output.queued(), 0);
    trial.output.declare(trial.now);
    assert_eq!(*trial.declared.0.lock().expect("lock"), 100);
    assert_eq!(trial.disk.stored(), &trial.written[..QUEUE_LIMIT]);
}

#[test]
fn a_regular_file_that_answers_eagain_is_offered_the_bytes_again() {
    let disk = FaultyDisk::new(1, false);
    let mut trial = Trial::new(disk, LogFileConfig::default());
    trial.disk.set_weather(Weather::Full);
    trial.say(QUEUE_LIMIT);
    assert!(!trial.output.loss.is_owed(), "it is queued, not lost");
    trial.say(100);
    let of = trial.output.spec.shown();
    assert!(
        trial
            .output
            .loss
            .declare(&of, trial.now)
            .is_some_and(|text| {
                text.starts_with("100 bytes of 'x' stdout lost: Resource temporarily unavailable")
            })
    );
    trial.disk.set_weather(Weather::Good);
    trial.output.resume();
    assert_eq!(trial.output.queued(), 0);
    assert_eq!(trial.disk.stored(), &trial.written[..QUEUE_LIMIT]);
}

#[test]
fn the_next_run_stores_what_the_last_one_left_first() {
    let mut first = Trial::new(FaultyDisk::new(1, true), LogFileConfig::default());
    let mut second = Trial::new(FaultyDisk::new(2, true), LogFileConfig::default());
    first.disk.set_weather(Weather::Full);
    first.say(10);
    second.output.inherit(&mut first.output);
    assert!(first.output.is_settled(first.now));
    second.output.accept(b"new");
    second.output.resume();
    assert_eq!(second.disk.stored(), [&first.written[..], b"new"].concat());
}
