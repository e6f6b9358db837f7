//! What a program needs to start: the interpreters and libraries that it names, and those that they name in turn.
//!
//! Nothing is executed, and what a program opens by name while it runs (plugins, locales, modules) is not to be seen here.

mod cache;
mod elf;
mod files;
mod inside;
mod missing_library;
mod refused_interpreter;
mod search;

pub use files::{Files, Host, Node};
pub use inside::grants;
pub use missing_library::{RULE, missing_libraries};
pub use refused_interpreter::refused_interpreters;
pub use search::{Found, Missing, Needs, needs};
