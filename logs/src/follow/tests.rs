//! A log is read without gap or double, whatever happens to it.

use super::*;
use crate::Followers;
use crate::workers::Workers;
use futures_util::StreamExt;
use std::fs;
use std::io::Write;

/// A log in a folder of its own.
struct Trial {
    dir: tempfile::TempDir,
}

impl Trial {
    fn new(content: &str) -> Self {
        let dir = tempfile::tempdir().expect("tempdir");
        fs::write(dir.path().join("log"), content).expect("write");
        Self { dir }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    fn append(&self, text: impl AsRef<[u8]>) {
        let file = File::options().append(true).create(true).open(self.path());
        file.expect("open").write_all(text.as_ref()).expect("write");
    }

    /// `log.1` becomes `log.2`, `log` becomes `log.1`, and a new one begins.
    fn rotate(&self) {
        for (from, to) in [("log.2", "log.3"), ("log.1", "log.2"), ("log", "log.1")] {
            let [from, to] = [from, to].map(|name| self.dir.path().join(name));
            // the first ones do not exist at first
            let _ = fs::rename(from, to);
        }
        self.append("");
    }

    fn open(&self, start: Start, options: FollowOptions) -> Follower {
        Follower::open(&self.path(), start, options).expect("open")
    }

    fn follow(&self) -> Follower {
        self.open(Start::BeforeEnd(0), FollowOptions::default())
    }
}

/// What a reader finds until it finds nothing, in a short form.
fn found(follower: &mut Follower) -> Vec<String> {
    let mut all = Vec::new();
    while let Found::Event(events) = follower.look().expect("look") {
        all.push(match events {
            FollowEvent::Text { from, bytes } => {
                format!("{from}:{}", String::from_utf8_lossy(&bytes))
            }
            other @ (FollowEvent::Truncated
            | FollowEvent::Rotated
            | FollowEvent::Gone
            | FollowEvent::Skipped(_)) => {
                format!("{other:?}")
            }
        });
    }
    all
}

#[test]
fn growth_truncation_and_rotation() {
    let trial = Trial::new(&"x".repeat(2000));
    let mut follower = trial.open(Start::BeforeEnd(1024), FollowOptions::default());
    assert_eq!(found(&mut follower), [format!("976:{}", "x".repeat(1024))]);
    trial.append("more");
    assert_eq!(found(&mut follower), ["2000:more"]);
    fs::write(trial.path(), "anew").expect("truncate");
    assert_eq!(found(&mut follower), ["Truncated", "0:anew"]);
    // emptied, and by the next look longer than before
    fs::write(trial.path(), "something else").expect("truncate");
    assert_eq!(found(&mut follower), ["Truncated", "0:something else"]);
    trial.append("end");
    trial.rotate();
    trial.append("new");
    assert_eq!(found(&mut follower), ["14:end", "Rotated", "0:new"]);
}

#[test]
fn every_file_that_came_between_is_read() {
    let trial = Trial::new("");
    let mut follower = trial.follow();
    for text in ["a", "b", "c"] {
        trial.append(text);
        trial.rotate();
    }
    trial.append("d");
    let expected = ["0:a", "Rotated", "0:b", "Rotated", "0:c", "Rotated", "0:d"];
    assert_eq!(found(&mut follower), expected);
    // one that was removed for its age is missed
    trial.append("e");
    for (age, text) in [(3, "f"), (2, "g"), (1, "h")] {
        trial.rotate();
        trial.append(text);
        // the clock of a file system may stand still in between
        let file = File::options().append(true).open(trial.path());
        let written = SystemTime::now() + Duration::from_secs(10 - age);
        file.and_then(|file| file.set_modified(written))
            .expect("set");
    }
    fs::remove_file(trial.dir.path().join("log.3")).expect("remove");
    let expected = [
        "1:e",
        "Rotated",
        "Skipped(None)",
        "0:f",
        "Rotated",
        "0:g",
        "Rotated",
        "0:h",
    ];
    assert_eq!(found(&mut follower), expected);
    // one that was cleared is not
    fs::remove_file(trial.path()).expect("clear");
    trial.append("i");
    assert_eq!(found(&mut follower), ["Rotated", "0:i"]);
}

#[test]
fn a_place_is_found_again() {
    let trial = Trial::new("first\n");
    let mut follower = trial.follow();
    let place = follower.place();
    trial.append("second\n");
    assert_eq!(found(&mut follower), ["6:second\n"]);
    let back = |place| found(&mut trial.open(Start::Place(place), FollowOptions::default()));
    assert_eq!(back(place), ["6:second\n"]);
    assert_eq!(back(follower.place()), [""; 0]);
    trial.rotate();
    trial.append("third\n");
    trial.rotate();
    trial.append("fourth\n");
    let expected = [
        "6:second\n",
        "Rotated",
        "0:third\n",
        "Rotated",
        "0:fourth\n",
    ];
    assert_eq!(back(place), expected);
    fs::remove_file(trial.dir.path().join("log.2")).expect("remove");
    assert_eq!(back(place), ["Rotated", "Skipped(None)", "0:fourth\n"]);
    let here = trial.follow().place();
    fs::write(trial.path(), "emptied and grown again").expect("truncate");
    assert_eq!(back(here), ["Truncated", "0:emptied and grown again"]);
}

#[test]
fn a_log_without_a_name_is_told_once() {
    let trial = Trial::new("");
    let mut follower = trial.follow();
    fs::remove_file(trial.path()).expect("remove");
    assert!(matches!(follower.look(), Ok(Found::NoName)));
    assert!(matches!(follower.look(), Ok(Found::NoName)));
    follower.nameless = Nameless::Since(std::time::Instant::now() - GRACE);
    assert_eq!(found(&mut follower), ["Gone"]);
    trial.append("again");
    assert_eq!(found(&mut follower), ["Rotated", "0:again"]);
}

#[test]
fn characters_stay_whole() {
    let options = FollowOptions {
        whole_characters: true,
        ..FollowOptions::default()
    };
    let trial = Trial::new("");
    let mut follower = trial.open(Start::BeforeEnd(0), options);
    for byte in "a€".bytes() {
        trial.append([byte]);
    }
    assert_eq!(found(&mut follower), ["0:a€"]);
    trial.append(b"\xf0\x9f");
    assert_eq!(found(&mut follower), [""; 0]);
    // nothing more will come
    trial.rotate();
    assert_eq!(found(&mut follower), ["4:\u{fffd}", "Rotated"]);
    trial.append("ä".repeat(PIECE));
    let pieces = found(&mut follower);
    assert!(pieces.iter().all(|piece| !piece.contains('\u{fffd}')));
    assert_eq!(pieces.len(), 2);
}

#[test]
fn who_is_too_far_behind_skips() {
    let options = FollowOptions {
        skip_beyond: Some(1_000_000),
        ..FollowOptions::default()
    };
    let trial = Trial::new("");
    let mut follower = trial.open(Start::Offset(0), options);
    let line = format!("{}\n", "x".repeat(99));
    trial.append(line.repeat(10_000));
    assert_eq!(found(&mut follower).len(), 16);
    trial.append(line.repeat(10_001));
    let events = found(&mut follower);
    assert_eq!(events[0], "Skipped(Some(934600))");
    assert_eq!(events[1], format!("1934600:{}", line.repeat(655)));
    // nor are many files in between read
    for _ in 0..2 {
        trial.rotate();
        trial.append(line.repeat(6_000));
    }
    trial.rotate();
    trial.append("end");
    assert_eq!(
        found(&mut follower),
        ["Rotated", "Skipped(Some(1200000))", "0:end"]
    );
}

#[test]
fn only_regular_files_can_be_followed() {
    let trial = Trial::new("");
    let fifo = trial.dir.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("mkfifo");
    let open = |path: &Path| Follower::open(path, Start::Offset(0), FollowOptions::default());
    for special in [&fifo, Path::new("/dev/null")] {
        let refused = open(special).expect_err("no file");
        assert_eq!(refused.kind(), io::ErrorKind::Unsupported);
    }
    let missing = open(&trial.dir.path().join("none")).expect_err("missing");
    assert_eq!(missing.kind(), io::ErrorKind::NotFound);
}

#[test]
fn the_stream_waits_for_what_others_write() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("runtime").block_on(async {
        let trial = Trial::new("start");
        let followers = Followers::default();
        let follower = trial.open(Start::Offset(0), FollowOptions::default());
        let mut events = Box::pin(follower.events(
            followers.follow(&trial.path()),
            Workers::start().expect("threads"),
        ));
        let mut expect = async |text: &str| {
            let told = timeout(Duration::from_secs(20), events.next()).await;
            let (found, place) = told.expect("in time").expect("endless").expect("no error");
            let FollowEvent::Text { from, bytes } = found else {
                panic!("{found:?} instead of {text}");
            };
            assert_eq!(String::from_utf8_lossy(&bytes), text);
            assert_eq!(place.offset, from + text.len() as u64);
        };
        expect("start").await;
        let waits = expect("more");
        let writes = async {
            // the reader has looked and found nothing by now, or will find this
            tokio::task::yield_now().await;
            trial.append("more");
        };
        futures_util::future::join(waits, writes).await;
        drop(events);
        assert!(!followers.any());
    });
}

#[test]
fn cut_characters() {
    for (bytes, cut) in [
        (&b""[..], 0),
        (b"a", 0),
        (b"\xc3", 1),
        (b"\xc3\xa4", 0),
        (b"a\xe2\x82", 2),
        (b"\xf0\x9f\x98", 3),
        (b"\xf0\x9f\x98\x80", 0),
        (b"\x80\x80\x80\x80", 0),
        (b"\xff", 0),
    ] {
        assert_eq!(unfinished(bytes), cut, "{bytes:?}");
    }
    assert_eq!(first_character(b"\x82\xaca"), 2);
    assert_eq!(first_character(b"a"), 0);
}
