//! What happens: the actors, their threads and the messages between them.

pub mod board;
pub mod fcgi;
pub mod messages;
pub mod reaper;
pub mod spawn;
