//! How children are made on this system, and the descriptors that are reserved for it.

use std::cmp::Reverse;
use std::io;

use parking_lot::Mutex;

use super::clone::{Beginning, Cloner};
use super::launch::Launch;
use super::spawn_pool::MOST_PENDING;
use super::{child, helper, places};

/// Methods that are kept: one for each child that is about to execute the helper, and one for the
/// next. Each reserves low descriptors, which are free only at the start.
const KEPT: usize = MOST_PENDING + 1;

/// Through the helper; `None`: fork.
pub(super) type Method = Option<Cloner>;

/// A child that was made, or is about to be.
pub(super) enum Making {
    /// It is about to execute the helper.
    Beginning(Beginning),
    /// The outcome of fork: its pid, or an errno.
    Done(Result<i32, i32>),
}

fn choose(portable: bool) -> Method {
    let helper = if portable { None } else { helper::descriptor() };
    helper.and_then(|helper| Cloner::new(helper).ok())
}

/// The first descriptor that a child does not get a copy of; 0 if it does not matter.
fn above(method: &Method) -> u32 {
    method.as_ref().map_or(0, Cloner::above)
}

impl Making {
    pub(super) fn begin(method: Method, launch: Box<Launch>) -> Self {
        match method {
            Some(cloner) => Self::Beginning(cloner.begin(launch)),
            None => Self::Done(fork(&launch)),
        }
    }

    /// Whether there is nothing to wait for.
    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Beginning(beginning) => beginning.is_over(),
            Self::Done(..) => true,
        }
    }

    /// The child's pid, or an errno.
    pub(super) fn finish(self) -> (Method, Result<i32, i32>) {
        let beginning = match self {
            Self::Beginning(beginning) => beginning,
            Self::Done(outcome) => return (None, outcome),
        };
        let (cloner, launch, executed) = beginning.finish();
        match executed {
            Ok(pid) => (Some(cloner), Ok(pid)),
            // an old kernel or a sandbox: it would fail each time
            Err(libc::ENOSYS | libc::EPERM | libc::EINVAL | libc::EACCES) => (None, fork(&launch)),
            // such as arguments that are too long with ours added: the child reports it; or no room
            // for another process, as fork will find
            Err(_) => (Some(cloner), fork(&launch)),
        }
    }
}

/// Make a child that begins as a copy of the daemon, where there is no helper to execute: its pid
/// at once, the program is executed later. Fails with an errno.
/// Signals must be blocked in the calling thread: the child's dispositions are still the daemon's.
fn fork(launch: &Launch) -> Result<i32, i32> {
    // SAFETY: the child makes only system calls, then executes or ends.
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => Err(io::Error::last_os_error().raw_os_error().unwrap_or(0)),
        0 => {
            if places::begin(launch.stdio.sources()).is_err() {
                child::give_up(&[]);
            }
            // SAFETY: these are what `run` expects, and stay for the rest of this process.
            unsafe { child::run(launch.arguments.as_ptr(), launch.environment.as_ptr()) }
        }
        pid => {
            // the child does it too: whichever is first, a signal to the group finds it. It fails
            // once the child has executed, and then it was not needed.
            // SAFETY: no memory is involved.
            unsafe { libc::setpgid(pid, pid) };
            Ok(pid)
        }
    }
}

/// Methods that are not in use.
pub(super) struct Methods {
    portable: bool,
    kept: Mutex<Vec<Method>>,
}

impl Methods {
    /// With `portable`, fork even where the helper can be executed.
    pub(super) fn new(portable: bool) -> Self {
        Self {
            portable,
            kept: Mutex::default(),
        }
    }

    /// Reserve low descriptors while they are free.
    pub(super) fn reserve(&self) {
        let methods: Vec<Method> = (0..KEPT).map(|_| self.take()).collect();
        methods.into_iter().for_each(|method| self.put_back(method));
    }

    /// A method that is kept, or a new one.
    pub(super) fn take(&self) -> Method {
        let kept = self.kept.lock().pop();
        kept.unwrap_or_else(|| choose(self.portable))
    }

    /// Return a method. Those with the lowest descriptors are kept, and the lowest is used next.
    pub(super) fn put_back(&self, method: Method) {
        let mut kept = self.kept.lock();
        kept.push(method);
        kept.sort_by_key(|method| Reverse(above(method)));
        let surplus = (kept.len() > KEPT).then(|| kept.remove(0));
        drop(kept);
        drop(surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_places_survive_starts_that_hang() {
        let methods = Methods::new(false);
        methods.reserve();
        assert_eq!(methods.kept.lock().len(), KEPT);
        // so many starts hang, and the next needs descriptors of its own
        let in_use = [(); KEPT + 1].map(|()| methods.take());
        assert_eq!(methods.kept.lock().len(), 0);
        let mut places = in_use.each_ref().map(above);
        places.sort_unstable();
        in_use
            .into_iter()
            .rev()
            .for_each(|method| methods.put_back(method));
        assert_eq!(methods.kept.lock().len(), KEPT);
        let again = [(); KEPT].map(|()| methods.take());
        assert_eq!(again.each_ref().map(above), places[..KEPT]);
    }
}
