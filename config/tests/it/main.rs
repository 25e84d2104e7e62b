//! The configuration layer from outside: one module for each promise.

mod dialect;
mod expand;
mod reference;
mod render;
