//! What happens: the actors, their threads and the messages between them.

pub mod board;
pub mod messages;
pub mod spawn;
