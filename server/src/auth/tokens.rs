//! Tokens: 256 random bits.

use crate::entropy::{Entropy, EntropyUnavailable};
use crate::store::accounts::TokenHash;
use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};
use std::fmt;

/// A token. Shows itself nowhere but in the reply that issues it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    /// A token that a client sent.
    pub(crate) fn received(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A new token.
    pub(crate) fn random(entropy: &dyn Entropy) -> Result<Self, EntropyUnavailable> {
        Ok(Self(Base64UrlUnpadded::encode_string(&entropy.bytes::<32>()?)))
    }

    /// A token that follows from a secret that the client holds and a salt that the server holds: neither alone can make it, so a
    /// repeated exchange gives the same token although none is stored.
    pub(crate) fn derived(purpose: &str, salt: &[u8; 32], from: &Token) -> Self {
        let mut hash = Sha256::new();
        hash.update(purpose.as_bytes());
        hash.update([0]);
        hash.update(salt);
        hash.update(from.0.as_bytes());
        Self(Base64UrlUnpadded::encode_string(&hash.finalize()))
    }

    /// The hash, which is stored in place of the token.
    pub(crate) fn hash(&self) -> TokenHash {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// The token itself, for the reply that issues it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}
