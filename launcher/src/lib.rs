//! The plan format of boxwright and every number that the compiler and the launcher share.
//!
//! A plan is a program whose instructions are system calls. This library owns its bytes: each operation's reader and
//! writer stand side by side in [`plan::operation`], and [`plan::Plan::read`] checks everything before the first call
//! is made. It needs no kernel, no libc and (without the feature `write`) no allocator, so it is tested on the host;
//! the executable beside it owns the kernel. PLAN.md describes the format byte by byte.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "write")]
extern crate alloc;

pub mod abi;
#[cfg_attr(target_arch = "x86_64", path = "arch/x86_64.rs")]
pub mod arch;
pub mod errno;
pub mod plan;

/// Where this crate's source lies, for the build script that compiles the executable from it.
pub const SOURCE_DIRECTORY: &str = env!("CARGO_MANIFEST_DIR");
