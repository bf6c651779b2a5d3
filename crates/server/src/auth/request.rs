//! Telling who sent a request.

use super::{
    Auth,
    cache::NoteUse,
    secret::{SecretHash, TOKEN_PREFIX},
    sessions::SESSION_COOKIE,
};
use crate::{Result, edge::hosts};
use http::{HeaderMap, HeaderName, Method, header};
use model::Timestamp;
use std::{net::IpAddr, sync::Arc};
use web::{Authentication, Code, Credential, Principal, Via};

/// The header that says: this request was made by our own page or by a program, on purpose.
const PURPOSE: HeaderName = HeaderName::from_static("x-headway");
/// What browsers say about where a request came from.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What is known about a request before it is decided on.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    pub(crate) headers: &'a HeaderMap,
    /// The name that the request calls the server by.
    pub(crate) host: Option<&'a str>,
    /// Where it came from, a declared proxy taken off.
    pub(crate) address: Option<IpAddr>,
}

/// What someone shows to say who they are.
pub(crate) enum Proof<'a> {
    Token(&'a str),
    Session(&'a str),
    Nothing,
}

impl<'a> Proof<'a> {
    /// What the headers show: a token before a cookie.
    pub(crate) fn of(headers: &'a HeaderMap) -> Self {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some(value) = bearer {
            let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
            // Another scheme is no token of ours, and no reason to fall back to a cookie.
            let ours = scheme.eq_ignore_ascii_case("bearer");
            return Self::Token(if ours { token.trim() } else { "" });
        }
        cookie(headers, SESSION_COOKIE).map_or(Self::Nothing, Self::Session)
    }
}

impl Auth {
    /// Who sent the request.
    ///
    /// # Errors
    /// [`crate::Error::Db`].
    pub(crate) async fn authenticate(&self, asked: &Asked<'_>, now: Timestamp) -> Result<Authentication> {
        let known = match Proof::of(asked.headers) {
            Proof::Token(token) if token.starts_with(TOKEN_PREFIX) => self.by_token(token, now).await?,
            Proof::Token(_) => None,
            Proof::Session(secret) => match self.by_session(secret, now).await? {
                Some(principal) => Some(principal),
                // A cookie of another day does not lock the local user out.
                None => self.local(asked),
            },
            Proof::Nothing => match self.local(asked) {
                Some(principal) => Some(principal),
                None => return Ok(Authentication::Anonymous),
            },
        };
        let Some(principal) = known else {
            let why = "the session or token does not exist, was revoked, or has expired";
            return Ok(Authentication::Refused(Code::Expired, why));
        };
        if changes(asked.method) && !on_purpose(asked, principal.credential().via) {
            let why = "requests of a browser that change something need the header 'x-headway: 1' or our own Origin";
            return Ok(Authentication::Refused(Code::CrossSite, why));
        }
        Ok(Authentication::Known(principal))
    }

    fn local(&self, asked: &Asked<'_>) -> Option<Principal> {
        let here = asked.address.is_some_and(|address| address.to_canonical().is_loopback());
        self.0.local.clone().filter(|_| here)
    }

    async fn by_token(&self, token: &str, now: Timestamp) -> Result<Option<Principal>> {
        let hash = SecretHash::of(token);
        if self.0.cache.get(hash).is_none() {
            self.look_up(hash, Via::Token).await?;
        }
        let Some(found) = self.0.cache.get(hash) else { return Ok(None) };
        let holds = !found.principal.is_over(now);
        if holds && found.note == NoteUse::Now {
            self.note_use(&found.principal, now).await;
        }
        Ok(holds.then_some(found.principal))
    }

    async fn by_session(&self, secret: &str, now: Timestamp) -> Result<Option<Principal>> {
        let hash = SecretHash::of(secret);
        if self.0.cache.get(hash).is_none() {
            self.look_up(hash, Via::Session).await?;
        }
        Ok(self.0.cache.get(hash).map(|found| found.principal).filter(|principal| !principal.is_over(now)))
    }

    /// Brings what the tables say about a secret into the cache. One that was revoked between the reading and the
    /// keeping would be believed for a minute, so the reading is done again where a revocation came in between.
    async fn look_up(&self, hash: SecretHash, via: Via) -> Result<()> {
        loop {
            let before = self.0.revocations.count();
            let looked_up = match via {
                Via::Token => self.token_credential(hash).await?,
                Via::Session | Via::Local => self.session_credential(hash).await?,
            };
            let kept = self.keep(hash, looked_up);
            if kept.is_none() || self.0.revocations.count() == before {
                return Ok(());
            }
        }
    }

    /// Keeps what was looked up. One that says the same as the one before goes on being that one, so that a later
    /// revocation reaches all who hold it.
    fn keep(&self, hash: SecretHash, looked_up: Option<Credential>) -> Option<Principal> {
        let Some(looked_up) = looked_up else {
            self.0.cache.remove(hash);
            return None;
        };
        let principal = match self.0.cache.stale(hash) {
            Some(before) if same(before.credential(), &looked_up) => before,
            _ => {
                let credential = Arc::new(looked_up);
                self.0.revocations.hold(&credential);
                Principal::new(credential)
            }
        };
        self.0.cache.put(hash, principal.clone());
        Some(principal)
    }
}

fn same(one: &Credential, other: &Credential) -> bool {
    !one.revoked.is_cancelled()
        && (&one.id, &one.user, one.grant, one.expires_at)
            == (&other.id, &other.user, other.grant, other.expires_at)
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether a request that changes something was meant to, where the browser adds the proof by itself.
fn on_purpose(asked: &Asked<'_>, via: Via) -> bool {
    if via == Via::Token || asked.headers.get(PURPOSE).is_some_and(|value| value == "1") {
        return true;
    }
    if let Some(origin) = asked.headers.get(header::ORIGIN) {
        return origin.to_str().is_ok_and(|origin| hosts::is_origin_of(origin, asked.host));
    }
    // Browsers always say where a POST comes from; what does not is a program on this machine.
    via == Via::Local && !asked.headers.contains_key(FETCH_SITE)
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}
