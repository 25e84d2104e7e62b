//! Tests of the view.

mod applications;
mod candidates;
mod identities;
mod instances;
mod loading;
mod processes;
mod random;
mod removal;
mod states;
mod world;
