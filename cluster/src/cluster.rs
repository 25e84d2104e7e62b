//! View, machine and plan together: one instance of a cluster.

use alloc::vec::Vec;

use visord_model::moment::{Moment, Mono};

use crate::effect::Effect;
use crate::input::Input;
use crate::options::Options;
use crate::view::View;

/// One instance of a cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    options: Options,
    view: View,
}
