//! What happens: the actors, their threads and the messages between them.

pub mod board;
pub mod clock;
pub mod event_bus;
pub mod fcgi;
pub mod feed;
pub mod interest;
pub mod link;
pub mod log;
pub mod messages;
pub mod output_events;
pub mod pool;
pub mod process;
pub mod reaper;
pub mod signals;
pub mod spawn;
pub mod supervisor;
pub mod ticker;
pub mod usage;
pub mod vigil;
pub mod workers;

#[cfg(test)]
mod testing;
