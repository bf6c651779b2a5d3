//! Webhooks as Standard Webhooks has them: a signed message, the same id on every retry.
//!
//! ```text
//! webhook-id: the delivery's reference        webhook-timestamp: seconds, of this attempt
//! webhook-signature: v1,base64(HMAC-SHA256(key, "id.timestamp.body"))
//! ```
//! A receiver cannot be asked what it has, so a message without an answer is sent again under its id: at least once.

use crate::{
    Http,
    build::needed,
    http::{Call, Transport, host_of, words},
    settings::{read, wrong},
    time::Deadline,
};
use activity::connector::{
    Answer, Connector, ConnectorFuture, Guarantee, Lookup, Pace, PaceHint, Parcel, Permanence, Preview, Reply,
};
use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD as BASE64},
};
use bytes::Bytes;
use hmac::{Hmac, Mac};
use http::{HeaderName, HeaderValue, Method, header};
use model::{Remote, TaskError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use sha2::Sha256;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use url::Url;
use vault::{Mask, Secret};

/// The kind's name.
pub const KIND: &str = "webhook";

const KEYS: [&str; 2] = ["url", "timeout_ms"];
/// Bytes of a signing key, as the standard has it.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Bytes of an answer that are read: only its words are of use.
const ANSWER_BYTES: usize = 16 << 10;
/// How long a receiver may take, in milliseconds: by default, and at most.
const TIMEOUT_MS: u64 = 15_000;
const LONGEST_MS: u64 = 120_000;
const PARALLEL: u32 = 4;

#[derive(Deserialize)]
struct Settings {
    url: String,
    timeout_ms: Option<u64>,
}

/// The connector.
pub struct Webhook {
    http: Http,
    url: Url,
    timeout: Duration,
    keys: Vec<Secret>,
    mask: Mask,
}

/// What is sent. The same bytes on every attempt, but for the timestamp in the headers.
#[derive(Serialize)]
struct Message<'a> {
    r#type: String,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    run: String,
    key: &'a str,
    kind: &'a str,
    title: &'a str,
    parent: Option<&'a str>,
    payload: &'a RawValue,
}

impl Webhook {
    /// A connector with these settings. The secret is a key as `whsec_…`, or several parted by spaces: then each signs, so
    /// that a receiver can change from one to the next.
    ///
    /// # Errors
    /// `invalid_settings` or `secret_missing`.
    pub fn new(settings: &Value, secret: Option<Secret>, http: &Http) -> Result<Self, TaskError> {
        let settings: Settings = read(KIND, settings, &KEYS)?;
        let url = Url::parse(&settings.url).map_err(|_| wrong(KIND, "`url` is no address"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(wrong(KIND, "`url` must begin with https:// or http://"));
        }
        let timeout = settings.timeout_ms.unwrap_or(TIMEOUT_MS);
        if !(1..=LONGEST_MS).contains(&timeout) {
            return Err(wrong(KIND, &format!("`timeout_ms` must be 1 to {LONGEST_MS}")));
        }
        let secret = needed(KIND, secret, "a signing key such as whsec_…")?;
        let keys = keys(secret.expose_str().unwrap_or_default())?;
        // The address may hold a token of its own.
        let mut secrets = vec![secret.expose().to_vec()];
        secrets.extend(secret.expose_str().unwrap_or_default().split(' ').map(|key| key.as_bytes().to_vec()));
        secrets.extend(url.query().map(|query| query.as_bytes().to_vec()));
        let mask = Mask::new(&secrets);
        Ok(Self { http: http.clone(), url, timeout: Duration::from_millis(timeout), keys, mask })
    }

    async fn send(&self, parcel: &Parcel, pace: &mut PaceHint) -> Answer {
        let body = body(parcel);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        let headers = match self.headers(&parcel.reference, now, &body) {
            Ok(headers) => headers,
            Err(error) => return Answer::Refused { error, permanent: Permanence::Permanent },
        };
        let deadline = Deadline::after(self.timeout).request(self.timeout);
        let call =
            Call { method: Method::POST, url: self.url.clone(), headers, body, deadline, cap: ANSWER_BYTES };
        let reply = match self.http.send(call).await {
            Ok(reply) => reply,
            Err(Transport::NotSent(error)) => return Answer::NotSent { error },
            Err(Transport::NoAnswer(error)) => return Answer::NoAnswer { error },
        };
        *pace = words::stricter(*pace, words::pace(&reply.headers, SystemTime::now()));
        // The status says it all: a body that is too long or cut off takes nothing back.
        if (200..300).contains(&reply.status) {
            return Answer::Delivered(Remote { id: parcel.reference.clone(), url: None });
        }
        let said =
            reply.body.ok().map(|body| words::tidy(&String::from_utf8_lossy(&body))).unwrap_or_default();
        let page = said.starts_with('<') || said.is_empty();
        let said = if page { String::new() } else { format!(": {}", self.mask.apply(&said)) };
        let text = format!("{} answered {}{said}", host_of(&self.url), reply.status);
        let error = TaskError::new(format!("http_{}", reply.status), text);
        match (reply.status, words::answer(reply.status, &reply.headers, error)) {
            (410, Answer::Refused { error, .. }) => {
                let error =
                    error.with_help("the receiver wants no more messages (410): delete this destination");
                Answer::Refused { error, permanent: Permanence::Permanent }
            }
            // A receiver's refusals are seldom meant for ever: a route that is missing today is deployed tomorrow.
            (404 | 405 | 400 | 422, Answer::Refused { error, .. }) => {
                Answer::Refused { error, permanent: Permanence::MayChange }
            }
            (_, answer) => answer,
        }
    }

    fn headers(&self, id: &str, now: u64, body: &[u8]) -> Result<Vec<(HeaderName, HeaderValue)>, TaskError> {
        let wrong =
            |_| TaskError::new("invalid_reference", "the delivery's reference cannot stand in a header");
        let signatures: Vec<String> = self.keys.iter().map(|key| sign(key, id, now, body)).collect();
        Ok(vec![
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (HeaderName::from_static("webhook-id"), HeaderValue::try_from(id).map_err(wrong)?),
            (HeaderName::from_static("webhook-timestamp"), HeaderValue::from(now)),
            (
                HeaderName::from_static("webhook-signature"),
                HeaderValue::try_from(signatures.join(" ")).map_err(wrong)?,
            ),
        ])
    }

    async fn try_out(&self) -> Result<String, TaskError> {
        let deadline = Deadline::after(self.timeout).request(self.timeout);
        let call = Call {
            method: Method::HEAD,
            url: self.url.clone(),
            headers: Vec::new(),
            body: Bytes::new(),
            deadline,
            cap: ANSWER_BYTES,
        };
        match self.http.send(call).await {
            Ok(reply) => Ok(format!(
                "{} answers (a HEAD request: {}); no message was sent",
                host_of(&self.url),
                reply.status
            )),
            Err(error) => Err(error.into_error()),
        }
    }
}

impl Connector for Webhook {
    fn service(&self) -> Option<String> {
        Some(host_of(&self.url))
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::AtLeastOnce
    }

    fn pace(&self) -> Pace {
        let timeout_ms = self.timeout.as_millis() as u64 + 1_000;
        Pace { batch: 1, parallel: PARALLEL, timeout_ms, ..Pace::default() }
    }

    fn deliver<'a>(&'a self, parcels: &'a [Parcel]) -> ConnectorFuture<'a, Reply<Answer>> {
        Box::pin(async move {
            let mut reply = Reply { answers: Vec::with_capacity(parcels.len()), pace: PaceHint::default() };
            for parcel in parcels {
                reply.answers.push(self.send(parcel, &mut reply.pace).await);
            }
            reply
        })
    }

    /// Nothing can be known, so nothing is there: it is sent again under its id.
    fn look_up<'a>(&'a self, parcels: &'a [Parcel]) -> ConnectorFuture<'a, Reply<Lookup>> {
        Box::pin(
            async move { Reply { answers: vec![Lookup::Absent; parcels.len()], pace: PaceHint::default() } },
        )
    }

    fn preview(&self, parcel: &Parcel) -> Result<Preview, TaskError> {
        let body = serde_json::from_slice(&body(parcel))
            .map_err(|_| TaskError::new("invalid_payload", "this delivery's payload is no JSON"))?;
        let pairs = [
            ("Content-Type", "application/json"),
            ("webhook-id", &*parcel.reference),
            ("webhook-timestamp", "(when it is sent)"),
            ("webhook-signature", "v1,***"),
        ];
        let headers = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let mut url = self.url.clone();
        if url.password().is_some() && url.set_password(Some(vault::MASK)).is_err() {
            return Err(TaskError::new("invalid_url", "the address cannot be shown"));
        }
        Ok(Preview {
            method: "POST".to_owned(),
            url: self.mask.apply(url.as_str()).into_owned(),
            headers,
            body,
        })
    }

    fn test(&self) -> ConnectorFuture<'_, Result<String, TaskError>> {
        Box::pin(self.try_out())
    }
}

fn body(parcel: &Parcel) -> Bytes {
    let moment = jiff::Timestamp::from_millisecond(parcel.staged_at).unwrap_or_default();
    let message = Message {
        r#type: format!("delivery.{}", parcel.kind),
        timestamp: moment.to_string(),
        data: Data {
            run: parcel.run.to_string(),
            key: &parcel.key,
            kind: &parcel.kind,
            title: &parcel.title,
            parent: parcel.parent.as_ref().map(|parent| &*parent.id),
            payload: &parcel.payload,
        },
    };
    // Strings and raw JSON always serialise.
    serde_json::to_vec(&message).unwrap_or_default().into()
}

fn sign(key: &Secret, id: &str, timestamp: u64, body: &[u8]) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose()) else { return String::new() };
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
}

fn keys(text: &str) -> Result<Vec<Secret>, TaskError> {
    const LAX: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let help = format!(
        "a key is `whsec_` and {} to {} random bytes in base64, such as `echo whsec_$(openssl rand -base64 32)` gives",
        KEY_BYTES.start(),
        KEY_BYTES.end()
    );
    let error = |what: &str| wrong(KIND, what).with_help(help.clone());
    let read = |word: &str| {
        let text =
            word.strip_prefix("whsec_").ok_or_else(|| error("the secret does not begin with `whsec_`"))?;
        let bytes = LAX.decode(text).map_err(|_| error("the secret is no base64 after `whsec_`"))?;
        if KEY_BYTES.contains(&bytes.len()) {
            Ok(Secret::new(bytes))
        } else {
            Err(error("the secret is too short or too long"))
        }
    };
    text.split(' ').filter(|word| !word.is_empty()).map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::{keys, sign};
    use vault::Secret;

    /// The example of the standard's own libraries.
    #[test]
    fn signatures_are_the_standards() {
        let key = keys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature =
            sign(&key[0], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_ne!(signature, sign(&Secret::from("x"), "msg", 1, b""));
    }

    #[test]
    fn keys_are_checked() {
        for wrong in ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_short", "whsec_!!!"] {
            assert!(keys(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            keys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
                .unwrap()
                .len(),
            2
        );
    }
}
