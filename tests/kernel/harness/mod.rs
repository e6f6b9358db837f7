//! What the tests on real kernels share: needs, people, sites, specs, and what a program said from inside.

mod answers;
mod census;
mod demonstrations;
pub mod guest;
mod lack;
mod mutant;
mod need;
mod settle;
mod site;
mod spec;
mod stage;
mod tree;

pub use answers::Answers;
pub use census::{census, left_since};
pub use demonstrations::{DEMONSTRATIONS, Demonstration, Filter, Seen, cannot};
pub use lack::{LACKS, Lack};
pub use mutant::{Change, Mutant};
pub use need::{CORPORA, Missing, Need, Verdict, conclude, trial};
pub use site::Site;
pub use spec::Spec;
pub use stage::{Ground, Person, Run, Stage, build, command, wait};
pub use tree::Tree;
