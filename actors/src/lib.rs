//! What happens: the actors, their threads and the messages between them.

pub mod board;
pub mod event_bus;
pub mod interest;
pub mod messages;
pub mod pool;
pub mod ticker;
