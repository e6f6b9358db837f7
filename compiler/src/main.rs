//! The command line: clap, exit codes and anyhow; nothing else.
#![forbid(unsafe_code)]

fn main() {}
