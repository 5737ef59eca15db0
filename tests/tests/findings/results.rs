//! Wrong answers.
