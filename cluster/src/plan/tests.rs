//! Tests of plans: tables of the specification, and rule by rule.

mod conciliation;
mod distribution;
mod failures;
mod histories;
mod loss;
mod order;
mod placements;
mod predictions;
mod start;
mod stop;
mod support;
mod timeouts;
