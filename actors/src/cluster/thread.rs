//! The thread on which peers and discovery run: a long answer to a handshake is read there, not on
//! the control thread. It sleeps while nothing is sent or received.

use std::io;
use std::sync::mpsc;

use actix_rt::Arbiter;
use tokio::runtime::Handle;

/// A thread, named `cluster`. When it is dropped the thread ends, with all that runs on it.
pub struct Thread {
    arbiter: Arbiter,
    runtime: Handle,
}

impl Thread {
    /// Start it. Inside a System.
    ///
    /// # Errors
    /// There are too many descriptors or threads.
    pub fn start() -> io::Result<Self> {
        let arbiter = Arbiter::try_new()?;
        let (sender, receiver) = mpsc::channel();
        arbiter.spawn_fn(move || {
            // only for display
            let _ = nix::sys::prctl::set_name(c"cluster");
            // it is awaited right below
            let _ = sender.send(Handle::current());
        });
        let runtime = receiver.recv().map_err(io::Error::other)?;
        Ok(Self { arbiter, runtime })
    }

    /// Where tasks are spawned.
    pub const fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.arbiter.stop();
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn tasks_run_on_it_until_it_is_dropped() {
        actix_rt::System::new().block_on(async {
            let thread = Thread::start().expect("a thread");
            let name = async { std::thread::current().id() };
            let id = thread.runtime().spawn(name).await.expect("done");
            assert_ne!(id, std::thread::current().id());

            let (kept, ended) = oneshot::channel::<()>();
            thread.runtime().spawn(async move {
                let _kept = kept;
                std::future::pending::<()>().await;
            });
            drop(thread);
            assert!(ended.await.is_err());
        });
    }
}
