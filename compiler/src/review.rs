//! Findings, and what people have said about them: what is accepted, how bad it is, what was known before.

mod accept;
mod baseline;
mod expired_accept;
mod levels;
mod rules;
mod unused_accept;

pub use accept::{Acceptances, Accepted, accept, entry};
pub use baseline::Baseline;
pub use levels::{Levels, Setting};
pub use rules::RULES;
