//! Any bytes as a rules file: reading never panics; what was read is looked up, and formulas are
//! evaluated, in bounded time.

#![no_main]

use libfuzzer_sys::fuzz_target;
use visord_cluster::options::Options;
use visord_cluster::rules::Rules;

fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = visord_config::rules::parse_bytes(bytes) else {
        return;
    };
    let (rules, _) = Rules::new(vec![file]);
    rules.complaints();
    let options = Options::default();
    for group in ["app", "console_07", "a-1"] {
        let (found, _) = rules.application(group, &options);
        for process in ["front_a", "worker_12", "x"] {
            let (process, _) = rules.process(group, &found, process);
            assert!(!process.required || process.start_sequence > 0);
            assert!(process.expected_loading <= 100);
        }
        if let Some(formula) = found.formula {
            // an error is as good as a truth
            let _ = formula.holds(|| [("front_a", true), ("x", false)].into_iter());
        }
    }
});
