//! Requests that the server makes: to webhooks, and to the issuers of tokens.
//!
//! Invariants:
//! - No redirect is followed, no proxy of the environment is used, and nothing is sent twice.
//! - An answer is read up to a bound.

use reqwest::Url;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client whose requests take at most `timeout` each. Fails if TLS cannot be set up.
pub(crate) fn client(timeout: Duration) -> Result<reqwest::Client, String> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT.min(timeout))
        .timeout(timeout)
        .build()
        .map_err(|error| error.to_string())
}

/// The body of an answer, `None` if it has more than `most` bytes.
pub(crate) async fn read_at_most(mut response: reqwest::Response, most: usize) -> reqwest::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > most {
            return Ok(None);
        }
    }
    Ok(Some(bytes))
}

/// Whether the server may send requests there: `http` or `https`, without a user name and a password.
pub(crate) fn is_url(text: &str) -> bool {
    parse(text).is_some()
}

/// The same, and nothing on the way can change the answer: `https`, or this machine.
pub(crate) fn is_safe_url(text: &str) -> bool {
    parse(text).is_some_and(|url| {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let is_here = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        url.scheme() == "https" || is_here
    })
}

fn parse(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    plain.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_urls_are_encrypted_or_of_this_machine() {
        for url in ["https://login.example.com/", "http://127.0.0.1:8080", "http://[::1]/", "http://localhost/x"] {
            assert!(is_safe_url(url), "{url}");
        }
        for url in ["http://login.example.com/", "http://10.0.0.1/", "https://a:b@example.com", "ftp://localhost", ""] {
            assert!(!is_safe_url(url), "{url}");
        }
    }
}
