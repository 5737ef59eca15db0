//! Accounts, sessions and rate limits.
//!
//! Invariants:
//! - No token and no password is stored, logged or repeated: tokens as SHA-256, passwords as Argon2id.
//! - An unknown address and a wrong password are told apart by nothing: same answer, same work.
//! - A refresh whose reply was lost can be repeated; a refresh token that is used after its successor was ends the family, because one
//!   of the two users stole it.
//!
//! ```text
//!            refresh                    first use of the new pair
//! current ────────────► exchanged, unheard ────────────────────────► exchanged
//!    ▲                     │        ▲  │                                  │
//!    │ (the new pair)      └────────┘  └── grace is over, then refresh ──┐│ refresh
//!    └──────────             the same new pair                           ▼▼
//!                                                                  family revoked
//! ```

mod guard;
mod hashing;
mod issuers;
mod limiter;
mod outside;
mod password;
mod proof;
mod sessions;
mod tokens;

pub(crate) use guard::Guard;
pub(crate) use hashing::Hashing;
pub(crate) use issuers::Issuers;
pub(crate) use limiter::RateLimiter;
pub(crate) use password::Decoy;
pub(crate) use proof::Visitor;
pub(crate) use sessions::{
    NewSession, Session, SignUp, authenticate, normal_email, refresh, sign_in, sign_out, sign_up,
};
pub(crate) use tokens::Token;
