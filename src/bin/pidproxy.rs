//! pidproxy
fn main() {}
