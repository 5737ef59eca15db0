//! A tap on one device's wire: notes what passes, and answers in the server's place if it is told to.

use super::network::Network;
use crate::wire::{Exchange, text};
use async_trait::async_trait;
use holm_core::{Request, Response, Transport, TransportError};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// What is answered in the server's place: status and body; none: the server is asked.
type Answer = Arc<dyn Fn(&str, &Value) -> Option<(u16, Value)> + Send + Sync>;

/// A tap. Clones are the same tap.
#[derive(Clone)]
pub struct Tap {
    network: Network,
    answer: Arc<Mutex<Option<Answer>>>,
    notes: Arc<Mutex<Vec<Exchange>>>,
}

impl Tap {
    /// A tap through which everything passes.
    pub fn new(network: &Network) -> Self {
        Self { network: network.clone(), answer: Arc::default(), notes: Arc::default() }
    }

    /// From now on this decides, given path and body, what is answered without asking the server.
    pub fn answer(&self, answer: impl Fn(&str, &Value) -> Option<(u16, Value)> + Send + Sync + 'static) {
        *self.answer.lock().unwrap() = Some(Arc::new(answer));
    }

    /// From now on the server answers.
    pub fn pass(&self) {
        *self.answer.lock().unwrap() = None;
    }

    /// What has passed since this was last called.
    pub fn notes(&self) -> Vec<Exchange> {
        std::mem::take(&mut self.notes.lock().unwrap())
    }

    /// The operations of all pushes since notes were last taken.
    pub fn operations(&self) -> Vec<Value> {
        let pushes = self.notes().into_iter().filter(|exchange| exchange.path.contains("/sync/batch"));
        pushes.flat_map(|push| push.request["operations"].as_array().cloned().unwrap_or_default()).collect()
    }
}

#[async_trait]
impl Transport for Tap {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let path = request.url.strip_prefix("http://server").unwrap_or(&request.url).to_owned();
        let sent = request.body.clone();
        let answer = self.answer.lock().unwrap().clone();
        let body = serde_json::from_str(&text(&sent)).unwrap_or_default();
        let response = match answer.and_then(|answer| answer(&path, &body)) {
            Some((status, body)) => {
                let mut headers = HeaderMap::new();
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                Ok(Response { status: StatusCode::from_u16(status).unwrap(), headers, body: body.to_string().into() })
            }
            None => self.network.send(request).await,
        };
        let (reply, delivered) = match &response {
            Ok(response) => (response.body.clone(), true),
            Err(_) => (bytes::Bytes::new(), false),
        };
        self.notes.lock().unwrap().push(Exchange::new(&path, &sent, &reply, delivered));
        response
    }
}
