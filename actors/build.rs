//! Compiles the spawn helper (`src/spawn/helper/main.rs`), which `src/spawn/helper.rs` embeds.

use std::env;
use std::path::Path;
use std::process::Command;

const MAIN: &str = "src/spawn/helper/main.rs";
const LAYOUT: &str = "src/spawn/helper/link.ld";
const SHARED: [&str; 3] = [
    "src/spawn/child.rs",
    "src/spawn/errno.rs",
    "src/spawn/syscall.rs",
];

fn main() {
    for source in SHARED.iter().chain([&MAIN, &LAYOUT]) {
        println!("cargo::rerun-if-changed={source}");
    }
    let arch = variable("CARGO_CFG_TARGET_ARCH");
    if arch != "x86_64" && arch != "aarch64" {
        return; // children are forked there
    }
    let helper = Path::new(&variable("OUT_DIR")).join("spawn-helper");
    let mut rustc = Command::new(variable("RUSTC"));
    rustc
        .args(["--crate-name=spawn_helper", "--crate-type=bin"])
        .args(["--edition=2024", "--target", &variable("TARGET")])
        .args(["-Copt-level=s", "-Cpanic=abort", "-Ccodegen-units=1"])
        .args(["-Crelocation-model=static", "-Cstrip=symbols"])
        // no C library, no start files of one; few pages, since each costs at every spawn
        .args(["-Clink-arg=-nostartfiles"])
        .args(["-Clink-arg=-nostdlib", "-Clink-arg=-static"])
        .arg(format!("-Clink-arg=-Wl,--build-id=none,-T,{LAYOUT}"))
        .arg("-o")
        .arg(&helper)
        .arg(MAIN);
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut option = std::ffi::OsString::from("-Clinker=");
        option.push(linker);
        rustc.arg(option);
    }
    let status = rustc
        .status()
        .unwrap_or_else(|error| panic!("cannot run {rustc:?}: {error}"));
    assert!(
        status.success(),
        "the spawn helper cannot be compiled: {rustc:?}"
    );
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}
