//! What one account could see or send of another.
