//! Events: what happened, for whoever subscribed (spec core 7).

mod kind;

pub use kind::EventKind;
