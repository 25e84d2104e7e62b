//! The state of the cluster as one instance sees it (spec cluster 3.2 to 3.7).
