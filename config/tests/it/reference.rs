//! Asking the original's language what it would say.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Random texts, the same at every run.
pub(crate) fn texts(strategy: &impl Strategy<Value = String>, count: usize) -> Vec<String> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    (0..count)
        .map(|_| strategy.new_tree(&mut runner).expect("a text").current())
        .collect()
}

/// Runs a script that reads one text in hexadecimal per line and answers one line to each;
/// `None`, with a message, where there is no Python.
pub(crate) fn ask(script: &str, texts: &[String]) -> Option<Vec<String>> {
    let python = std::env::var("VISORD_REF_PYTHON");
    let python = python.unwrap_or_else(|_| "/opt/ref/bin/python".to_owned());
    if !Path::new(&python).exists() {
        println!("skipped: {python} is not installed (set VISORD_REF_PYTHON)");
        return None;
    }
    let input: String = texts.iter().map(|text| hex("", text) + "\n").collect();
    let mut child = Command::new(&python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("start Python");
    let mut stdin = child.stdin.take().expect("its input");
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("its answer");
    writer.join().expect("the writer").expect("all written");
    let answers = String::from_utf8(output.stdout).expect("hexadecimal");
    let answers: Vec<String> = answers.lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), texts.len());
    Some(answers)
}

/// A mark and a text in hexadecimal: one word of an answer.
pub(crate) fn hex(mark: &str, text: &str) -> String {
    let digits = text.bytes().map(|byte| format!("{byte:02x}"));
    format!("{mark}{}", digits.collect::<String>())
}
