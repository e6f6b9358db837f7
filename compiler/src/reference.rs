//! The key table for people and editors: the JSON Schema, the page of the language, and the manual page.

mod entry;
mod manual;
mod markdown;
mod schema;

pub use entry::{Entry, Table, entries};
pub use manual::{DATE, SOURCE, manual};
pub use markdown::page;
pub use schema::schema;
