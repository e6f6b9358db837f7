//! Many specs at once, on as many processors as a laptop lends to a commit hook, told in the order in which they were named.

use super::progress::Progress;
use anyhow::anyhow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// With fewer specs than this a second thread costs more than it saves.
const ALONE_MAX: usize = 8;

/// As much as the first thread has.
const STACK: usize = 8 << 20;

/// What the work makes of each path, in the order of the paths.
pub fn each<T: Send>(paths: &[PathBuf], work: impl Fn(&PathBuf) -> T + Sync) -> anyhow::Result<Vec<T>> {
    if paths.len() <= ALONE_MAX {
        return Ok(paths.iter().map(work).collect());
    }
    let next = AtomicUsize::new(0);
    let worker = |tell: &mut dyn FnMut(usize)| {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = paths.get(index) else { return done };
            tell(index);
            done.push((index, work(path)));
        }
    };
    let mut progress = Progress::new(paths.len());
    let mut done = thread::scope(|scope| {
        let second = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || worker(&mut |_| ()))?;
        let mut done = worker(&mut |begun| progress.tell(begun));
        done.extend(second.join().map_err(|_| anyhow!("a thread of the checker failed"))?);
        anyhow::Ok(done)
    })?;
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}
