//! A log thread from the start: outputs can be opened when no more threads can be had.

use std::io;

use super::LogService;

impl LogService {
    /// Starts the first thread; without this it is started when it is needed.
    ///
    /// # Errors
    /// No thread or no descriptor can be had.
    pub fn start_first_thread(&self) -> io::Result<()> {
        let mut threads = self.0.threads();
        if threads.running.is_empty() {
            let thread = self.0.start_thread(0)?;
            threads.running.push(thread);
        }
        Ok(())
    }

    /// How often its threads have woken up.
    #[cfg(test)]
    pub(in super::super) fn rounds(&self) -> u64 {
        self.0.rounds.load(std::sync::atomic::Ordering::Relaxed)
    }
}
