//! Texts and values that instances exchange (spec cluster 7.4 and 8), as Supvisors 0.19.1 does.
//!
//! One form serves both carriers: [`structs`] translates between what the rules know and
//! [`visord_xmlrpc::Value`], which calls and answers hold; `json` prints and reads such a value as
//! JSON, which publications and datagrams are made of ([`supvisors`]).
//!
//! Writing gives exactly the text of the original. Reading ignores unknown keys, takes an int for a
//! float and a whole float for an int, and does without keys that no rule needs; what else is wrong
//! is a [`WireError`].

pub mod error;
mod fields;
mod json;
pub mod structs;
pub mod supvisors;

pub use error::WireError;

#[cfg(test)]
mod tests;
