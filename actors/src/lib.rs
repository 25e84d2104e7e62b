//! What happens: the actors, their threads and the messages between them.

pub mod board;
pub mod interest;
pub mod log;
pub mod messages;
pub mod spawn;
