//! `boxwright run`: compile a spec into memory and become its launcher.

use super::variables::Variables;
use super::{compile, complain};
use anyhow::Context;
use boxwright_launcher::abi::EXIT_NOT_SET_UP;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::unistd::fexecve;
use std::convert::Infallible;
use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::process::ExitCode;

/// Compile a spec and run its program in the sandbox, without writing a file
///
/// The exit status is the program's own; 128 and the signal that ended it; 125 when the sandbox could not be set up; 126
/// when the program cannot be executed; 127 when it is not there. When SIGHUP, SIGINT, SIGQUIT or SIGTERM ended the
/// program, run ends by the same signal.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boxwright run web.sandbox.toml
  boxwright run jq.sandbox.toml -- .name      arguments, when the spec sets process.append_args")]
pub struct Args {
    /// The spec; - is standard input
    spec: PathBuf,
    #[command(flatten)]
    variables: Variables,
    /// Write start and end of the launch to this open descriptor, as lines of JSON; see lifecycle.status_fd
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(3..=i64::from(i32::MAX)))]
    status_fd: Option<u32>,
    /// Arguments for the program
    #[arg(last = true)]
    arguments: Vec<OsString>,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Some((built, _)) = compile(&args.spec, &args.variables, args.status_fd)? else {
        complain("nothing was run");
        return Ok(ExitCode::from(EXIT_NOT_SET_UP));
    };
    let name = args.spec.clone().into_os_string();
    let arguments = std::iter::once(name).chain(args.arguments.iter().cloned());
    let never = execute(&built.executable, arguments)?;
    match never {}
}

/// Executes bytes out of a sealed memfd, so that nothing can change between compiling and running.
pub fn execute(executable: &[u8], arguments: impl Iterator<Item = OsString>) -> anyhow::Result<Infallible> {
    let memory = sealed(executable).context("cannot keep the launcher in memory")?;
    let c_string = |text: OsString| CString::new(text.into_vec()).context("an argument contains NUL");
    let arguments = arguments.map(c_string).collect::<Result<Vec<_>, _>>()?;
    let variables = std::env::vars_os().map(|(name, value)| {
        let mut variable = name.into_vec();
        variable.push(b'=');
        variable.extend(value.into_vec());
        CString::new(variable).context("a variable contains NUL")
    });
    let variables = variables.collect::<Result<Vec<_>, _>>()?;
    fexecve(memory, &arguments, &variables).context("cannot execute the launcher")
}

/// A memfd that nobody can change any more.
pub fn sealed(bytes: &[u8]) -> anyhow::Result<OwnedFd> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    // Since 6.3 a memfd says whether it may be executed, MFD_EXEC in linux/memfd.h; older kernels do not know the flag.
    let memory = match memfd_create(c"boxwright", flags | MFdFlags::from_bits_retain(0x10)) {
        Err(Errno::EINVAL) => memfd_create(c"boxwright", flags)?,
        result => result?,
    };
    let mut file = File::from(memory);
    file.write_all(bytes)?;
    let seals =
        SealFlag::F_SEAL_SEAL | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_WRITE;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
    Ok(file.into())
}
