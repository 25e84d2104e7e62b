//! Some seeds; the program does as many as it is told. A failure names its seed, and
//! `visord-cluster-sim trace SEED` tells all that happens in it.

use std::ops::Range;

use visord_cluster_sim::run;

fn all_hold(seeds: Range<u64>) {
    let failures: Vec<String> = seeds.filter_map(|seed| run(seed).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn some_seeds() {
    all_hold(0..100);
}

#[test]
fn more_seeds() {
    all_hold(100..200);
}
