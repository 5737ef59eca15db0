//! Other people's reports of what broke in their apps, rebuilt here; by number.
