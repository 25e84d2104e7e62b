//! Whatever happens, in any order.
