//! Data that is deleted is overwritten.
