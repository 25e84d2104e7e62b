//! Followers are told of everything that happens to their log.

use super::*;
use std::fs;
use std::io::Write;

/// Runs a story on a runtime with timers.
fn told(story: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime")
        .block_on(async {
            timeout(Duration::from_secs(20), story)
                .await
                .expect("in time")
        });
}

#[test]
fn what_others_do_is_told() {
    told(async {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("x.log");
        fs::write(&path, "x").expect("write");
        let followers = Followers::default();
        let mut growth = followers.follow(&path);
        growth.watch();
        assert!(growth.is_watched());
        let mut file = fs::File::options().append(true).open(&path).expect("open");
        let acts: [&mut dyn FnMut(); 5] = [
            &mut || file.write_all(b"more").expect("write"),
            &mut || fs::rename(&path, dir.path().join("x.log.1")).expect("rename"),
            &mut || fs::write(&path, "new").expect("make"),
            &mut || fs::write(&path, "").expect("truncate"),
            &mut || fs::remove_file(&path).expect("remove"),
        ];
        for act in acts {
            growth.mark();
            act();
            growth.changed().await;
        }
    });
}

#[test]
fn the_thread_lives_only_while_somebody_follows() {
    told(async {
        let dir = tempfile::tempdir().expect("tempdir");
        let followers = Followers::default();
        for _ in 0..3 {
            let (one, other) = (dir.path().join("a"), dir.path().join("b"));
            let growths = [followers.follow(&one), followers.follow(&other)];
            growths.iter().for_each(ChangeNotifier::watch);
            assert!(followers.any() && followers.0.watches.lock().is_running);
            drop(growths);
            assert!(!followers.any());
            while followers.0.watches.lock().is_running {
                tokio::task::yield_now().await;
            }
            assert!(followers.0.watches.lock().inotify.is_none());
        }
    });
}

#[test]
fn a_folder_that_is_gone_is_looked_for() {
    told(async {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("logs/x.log");
        let followers = Followers::default();
        let mut growth = followers.follow(&path);
        growth.watch();
        assert!(!growth.is_watched());
        // returns by itself
        growth.changed().await;
        fs::create_dir(dir.path().join("logs")).expect("mkdir");
        growth.watch();
        assert!(growth.is_watched());
        growth.mark();
        fs::write(&path, "x").expect("write");
        growth.changed().await;
        // and the folder goes again
        fs::remove_dir_all(dir.path().join("logs")).expect("remove");
        while growth.is_watched() {
            growth.mark();
            growth.changed().await;
        }
    });
}
