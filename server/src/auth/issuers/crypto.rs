//! Signatures of tokens, checked by `ring`, which the server has already for TLS.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use signature::Verifier;

static PROVIDER: CryptoProvider =
    CryptoProvider { signer_factory: no_signer, verifier_factory: verifier, key_utils: KeyUtils::new_unimplemented() };

/// Makes `jsonwebtoken` use this module. A process that has chosen another provider keeps it.
pub(super) fn install() {
    let _ = PROVIDER.install_default();
}

fn no_signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    Err(ErrorKind::UnsupportedAlgorithm.into())
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    Ok(Box::new(Ring { algorithm: *algorithm, key: key.clone() }))
}

struct Ring {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl Ring {
    fn rsa(&self) -> Option<&'static RsaParameters> {
        match self.algorithm {
            Algorithm::RS256 => Some(&RSA_PKCS1_2048_8192_SHA256),
            Algorithm::RS384 => Some(&RSA_PKCS1_2048_8192_SHA384),
            Algorithm::RS512 => Some(&RSA_PKCS1_2048_8192_SHA512),
            Algorithm::PS256 => Some(&RSA_PSS_2048_8192_SHA256),
            Algorithm::PS384 => Some(&RSA_PSS_2048_8192_SHA384),
            Algorithm::PS512 => Some(&RSA_PSS_2048_8192_SHA512),
            _ => None,
        }
    }

    fn curve(&self) -> Option<&'static dyn VerificationAlgorithm> {
        match self.algorithm {
            Algorithm::ES256 => Some(&ECDSA_P256_SHA256_FIXED),
            Algorithm::ES384 => Some(&ECDSA_P384_SHA384_FIXED),
            Algorithm::EdDSA => Some(&ED25519),
            _ => None,
        }
    }
}

impl Verifier<Vec<u8>> for Ring {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let good = match self.key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                self.rsa().map(|rsa| RsaPublicKeyComponents { n, e }.verify(rsa, message, signature))
            }
            DecodingKeyKind::SecretOrDer(point) => {
                self.curve().map(|curve| UnparsedPublicKey::new(curve, point).verify(message, signature))
            }
        };
        match good {
            Some(Ok(())) => Ok(()),
            _ => Err(signature::Error::new()),
        }
    }
}

impl JwtVerifier for Ring {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::jwk::Jwk;
    use serde_json::Value;

    #[test]
    fn signatures_of_rsa_keys_are_checked() {
        install();
        let vectors: Value = serde_json::from_str(include_str!("rsa_vectors.json")).unwrap();
        let jwk: Jwk = serde_json::from_value(vectors["jwk"].clone()).unwrap();
        let (key, message) = (DecodingKey::from_jwk(&jwk).unwrap(), vectors["message"].as_str().unwrap());
        let signatures = vectors["signatures"].as_object().unwrap();
        assert_eq!(signatures.len(), 6);
        for (name, signature) in signatures {
            let (algorithm, signature) = (name.parse().unwrap(), signature.as_str().unwrap());
            let is_good = |message: &str, algorithm| {
                jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, algorithm).unwrap()
            };
            assert!(is_good(message, algorithm), "{name}");
            assert!(!is_good("another message", algorithm), "{name}");
            let others = signatures.keys().filter(|other| *other != name);
            assert!(others.map(|other| other.parse().unwrap()).all(|other| !is_good(message, other)), "{name}");
            assert!(!is_good(message, Algorithm::ES256), "an RSA key is no point on a curve");
        }
    }
}
