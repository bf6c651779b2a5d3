//! A receiver of webhooks that checks them as Standard Webhooks has it.

use crate::{Faults, Request, Response, Seen, Server, Service};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, Mac};
use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

/// How far a timestamp may be off, in seconds.
const TOLERANCE: i64 = 300;

/// A message that was taken.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its id: the same on every retry.
    pub id: String,
    /// Its body.
    pub body: Value,
}

/// The running receiver.
pub struct FakeReceiver {
    server: Server<Receiver>,
    secret: String,
}

struct Receiver {
    key: Vec<u8>,
    messages: Mutex<Vec<Message>>,
}

impl FakeReceiver {
    /// Starts on a free port.
    ///
    /// # Panics
    /// Never: its key is well-formed.
    pub fn start() -> Self {
        let key: Vec<u8> = (1..=32).collect();
        let secret = format!("whsec_{}", BASE64.encode(&key));
        let service = Receiver { key, messages: Mutex::default() };
        Self { server: Server::start(service, Faults::default()), secret }
    }

    /// Where messages are sent to.
    pub fn url(&self) -> String {
        format!("{}/hooks/in", self.server.url())
    }

    /// Settings of a destination that reaches it.
    pub fn settings(&self) -> Value {
        json!({ "url": self.url() })
    }

    /// The signing key.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// What goes wrong. The one operation is `hook`.
    pub fn faults(&self) -> &Faults {
        self.server.faults()
    }

    /// Requests so far.
    pub fn log(&self) -> Vec<Seen> {
        self.server.log()
    }

    /// Messages that were taken, each time they were.
    pub fn messages(&self) -> Vec<Message> {
        self.server.service().messages.lock().clone()
    }
}

impl Service for Receiver {
    fn operation(&self, _request: &Request) -> &'static str {
        "hook"
    }

    fn answer(&self, request: &Request) -> Response {
        if request.method != "POST" {
            return Response::json(405, &json!({ "error": "only POST is taken" }));
        }
        match self.check(request) {
            Ok(message) => {
                self.messages.lock().push(message);
                Response::text(202, "text/plain", "accepted")
            }
            Err(what) => Response::json(401, &json!({ "error": what })),
        }
    }

    fn refusal(&self, status: u16) -> Response {
        Response::json(status, &json!({ "error": format!("made-up failure {status}") }))
    }
}

impl Receiver {
    fn check(&self, request: &Request) -> Result<Message, &'static str> {
        let header = |name| request.header(name).ok_or("a header of the standard is missing");
        let (id, timestamp, signatures) =
            (header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?);
        let moment: i64 = timestamp.parse().map_err(|_| "the timestamp is no number")?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        if (now - moment).abs() > TOLERANCE {
            return Err("the timestamp is too far off");
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).map_err(|_| "the key is unfit")?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(&request.body);
        let expected = mac.finalize().into_bytes();
        let fits = |signature: &str| {
            signature
                .strip_prefix("v1,")
                .and_then(|text| BASE64.decode(text).ok())
                .is_some_and(|bytes| *bytes == *expected)
        };
        if !signatures.split(' ').any(fits) {
            return Err("no signature fits");
        }
        let body = serde_json::from_slice(&request.body).map_err(|_| "the body is no JSON")?;
        Ok(Message { id: id.to_owned(), body })
    }
}
