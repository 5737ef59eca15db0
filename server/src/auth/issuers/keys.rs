//! The keys of an issuer.

use jsonwebtoken::jwk::{Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// Keys of one set at most; the others are left out.
const MOST: usize = 100;

/// Keys of a JSON Web Key Set (RFC 7517) that signatures can be checked with.
pub(super) struct KeySet(Vec<Key>);

struct Key {
    id: Option<String>,
    /// The one algorithm that it is for, if the set says so.
    algorithm: Option<KeyAlgorithm>,
    key: DecodingKey,
}

impl KeySet {
    /// Reads a set. A key of a kind that is not known, for encryption or with a secret, is left out, and never the end of the others.
    ///
    /// # Errors
    /// If it is no set.
    pub(super) fn parse(body: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(body)?;
        Ok(Self(set.keys.into_iter().filter_map(Key::parse).take(MOST).collect()))
    }

    /// The key of a token: the one that it names, or the only one that fits if it names none.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let fits = |key: &&Key| {
            key.key.family() == algorithm.family() && key.algorithm.is_none_or(|only| only == algorithm.into())
        };
        let mut fitting = self.0.iter().filter(fits);
        match id {
            Some(id) => fitting.find(|key| key.id.as_deref() == Some(id)).map(|key| &key.key),
            None => {
                let only = fitting.next()?;
                fitting.next().is_none().then_some(&only.key)
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Key {
    fn parse(value: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        if jwk.common.public_key_use.as_ref().is_some_and(|what| *what != PublicKeyUse::Signature) {
            return None;
        }
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Self { id: jwk.common.key_id, algorithm: jwk.common.key_algorithm, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rsa(id: Option<&str>, more: Value) -> Value {
        let mut key = json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"});
        key["kid"] = id.map_or(Value::Null, Value::from);
        for (name, value) in more.as_object().unwrap() {
            key[name] = value.clone();
        }
        key
    }

    fn set(keys: Value) -> KeySet {
        KeySet::parse(json!({"keys": keys, "more": 1}).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn keys_that_are_not_known_do_not_hide_the_others() {
        let encryption = rsa(Some("b"), json!({"use": "enc"}));
        let keys = set(json!([{"kty": "NEW"}, 7, encryption, rsa(Some("a"), json!({"use": "sig"}))]));
        assert_eq!(keys.len(), 1);
        assert!(keys.find(Some("a"), Algorithm::RS256).is_some());
        assert!(keys.find(Some("b"), Algorithm::RS256).is_none());
        assert!(KeySet::parse(b"<html>").is_err());
        assert!(KeySet::parse(b"{}").is_err());
    }

    #[test]
    fn key_serves_the_algorithms_that_it_is_for() {
        let keys = set(json!([rsa(Some("a"), json!({"alg": "RS256"}))]));
        assert!(keys.find(Some("a"), Algorithm::RS256).is_some());
        assert!(keys.find(Some("a"), Algorithm::RS512).is_none(), "the set says RS256");
        assert!(keys.find(Some("a"), Algorithm::ES256).is_none(), "another family");
        assert!(keys.find(Some("a"), Algorithm::HS256).is_none(), "a public key is no secret");
    }

    #[test]
    fn token_without_a_key_id_needs_a_set_without_choice() {
        let one = set(json!([rsa(None, json!({}))]));
        assert!(one.find(None, Algorithm::RS256).is_some());
        let two = set(json!([rsa(Some("a"), json!({})), rsa(Some("b"), json!({}))]));
        assert!(two.find(None, Algorithm::RS256).is_none());
    }
}
