//! Traps of the interface.
