//! Rates and histories computed from counters (spec cluster 12.2).
