//! Executing another program, in every way that there is.

use crate::fact;
use crate::sys::{call, from, into, nr, outcome, text};
use std::fs::File;
use std::os::fd::AsRawFd;

/// How often the arguments that execve does not have are guessed.
const GUESSES: usize = 500;
/// `linux/fcntl.h`.
const AT_FDCWD: u64 = (-100_i64).cast_unsigned();
const AT_EMPTY_PATH: u64 = 0x1000;

/// The probe itself, asked to exit with 0, as execve takes it.
struct Program {
    path: std::ffi::CString,
    question: std::ffi::CString,
}

impl Program {
    /// Tries; returns only the errno.
    fn execute(&self, number: u64, arrange: impl Fn(u64, u64, u64) -> [u64; 6]) -> i32 {
        let [path, question] = [&self.path, &self.question].map(|text| text.as_ptr().addr() as u64);
        let (arguments, variables) = ([path, question, 0], [0_u64]);
        call(number, arrange(path, from(&arguments), from(&variables))).err().unwrap_or(-1)
    }

    fn plainly(&self) -> i32 {
        self.execute(nr::EXECVE, |path, arguments, variables| [path, arguments, variables, 0, 0, 0])
    }

    fn guessing(&self) -> i32 {
        let mut last = self.execute(nr::EXECVE, |path, arguments, variables| {
            [path, arguments, variables, u64::MAX, u64::MAX, u64::MAX]
        });
        for _ in 0..GUESSES {
            let mut guess = [0_u64; 3];
            _ = call(nr::GETRANDOM, [into(&mut guess), 24, 0, 0, 0, 0]);
            let [first, second, third] = guess;
            last = self.execute(nr::EXECVE, |path, arguments, variables| {
                [path, arguments, variables, first, second, third]
            });
        }
        last
    }

    fn at(&self) -> i32 {
        self.execute(nr::EXECVEAT, |path, arguments, variables| [AT_FDCWD, path, arguments, variables, 0, 0])
    }

    fn by_descriptor(&self) -> i32 {
        let path = self.path.to_string_lossy().into_owned();
        let Ok(file) = File::open(path) else { return -1 };
        let descriptor = u64::from(file.as_raw_fd().unsigned_abs());
        let nothing = text("");
        self.execute(nr::EXECVEAT, |_, arguments, variables| {
            [descriptor, nothing.as_ptr().addr() as u64, arguments, variables, AT_EMPTY_PATH, 0]
        })
    }
}

/// Each way in a child of its own: what it said, or that the child became another program.
pub fn execute_again() {
    let path = std::env::args().next().unwrap_or_default();
    let program = Program { path: text(&path), question: text("exit=0") };
    let in_thread = || std::thread::scope(|scope| scope.spawn(|| program.plainly()).join().unwrap_or(-1));
    let ways: [(&str, &dyn Fn() -> i32); 5] = [
        ("execve", &|| program.plainly()),
        ("guessing", &|| program.guessing()),
        ("execveat", &|| program.at()),
        ("descriptor", &|| program.by_descriptor()),
        ("thread", &in_thread),
    ];
    for (name, way) in ways {
        match call(nr::FORK, [0; 6]) {
            Ok(0) => std::process::exit(way()),
            Ok(child) => {
                let mut status = 0_i32;
                _ = call(nr::WAIT4, [child, into(&mut status), 0, 0, 0, 0]);
                let errno = status >> 8 & 0xff;
                fact(&format!("execute.{name}"), outcome(if status == 0 { Ok(0) } else { Err(errno) }));
            }
            Err(errno) => fact(&format!("execute.{name}"), outcome(Err::<(), i32>(errno))),
        }
    }
}
