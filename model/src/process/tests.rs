//! The lifecycle under test, three ways: random histories against the rules of the
//! specification, stories as golden files, and every phase against every input. And the
//! words for people.

mod descriptions;
mod grid;
mod histories;
mod moments;
mod rules;
mod stories;
mod world;
