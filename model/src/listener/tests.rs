//! Properties of the conversation and the queue over random histories, and golden ones.

mod conversations;
mod histories;
mod stories;
