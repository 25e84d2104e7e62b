//! Some hundred seeds; the nightly run of the program does many more.

use visord_cluster_sim::run;

#[test]
fn seeds() {
    let failures: Vec<String> = (0..300).filter_map(|seed| run(seed).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
