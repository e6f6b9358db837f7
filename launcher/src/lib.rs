//! The plan format of boxwright and every number that the compiler and the launcher share.
#![no_std]
#![forbid(unsafe_code)]
