//! The launcher's executable.
fn main() {}
