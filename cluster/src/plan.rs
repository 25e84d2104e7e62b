//! Jobs: what is started and stopped, where, and in which order (spec cluster 5, 6).
