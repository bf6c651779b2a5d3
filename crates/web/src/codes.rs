//! The codes of problems: each with its status, title and help, declared once. The help page is made from this table.

use http::StatusCode;

/// What is known about a code.
#[derive(Clone, Copy, Debug)]
pub struct CodeEntry {
    /// The code.
    pub code: Code,
    /// Its word, the fragment of its help page.
    pub word: &'static str,
    /// The status that it is answered with.
    pub status: StatusCode,
    /// What happened, in a few words; the same for every occurrence.
    pub title: &'static str,
    /// What to do about it.
    pub help: &'static str,
}

macro_rules! codes {
    ($($name:ident $word:literal $status:ident $title:literal $help:literal;)*) => {
        /// Why a request was not done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each variant's meaning stands beside it in the table, as data")]
        pub enum Code { $($name,)* }

        impl Code {
            /// All codes with what is known about them, in the order of their statuses.
            pub const TABLE: &[CodeEntry] = &[$(CodeEntry {
                code: Code::$name,
                word: $word,
                status: StatusCode::$status,
                title: $title,
                help: $help,
            },)*];
        }
    };
}

codes! {
    BadRequest "bad_request" BAD_REQUEST
        "The request cannot be read"
        "Compare the request with the API's documentation at /docs.";
    MalformedJson "malformed_json" BAD_REQUEST
        "The body is not JSON"
        "The detail names the line and column where reading stopped. Send UTF-8 JSON without comments or trailing commas.";
    UnknownField "unknown_field" BAD_REQUEST
        "A field or query key is unknown"
        "The fields listed are not part of this request; check their spelling. Unknown names are refused so that a misspelt one does not silently do nothing.";
    BadCursor "bad_cursor" BAD_REQUEST
        "The cursor is not one of ours"
        "Use next_cursor of the page before as it is, with the same filters; begin without a cursor.";
    Unauthenticated "unauthenticated" UNAUTHORIZED
        "Nobody is signed in"
        "Sign in on the dashboard, or send a token in the header 'Authorization: Bearer hw_…'. Tokens are made under Settings or with 'headway token'.";
    InvalidCredentials "invalid_credentials" UNAUTHORIZED
        "The code, or the user and password, do not match"
        "A one-time code works once. While nobody is an admin yet, each start of 'headway serve' prints a new one; an admin makes further tokens under Settings.";
    Expired "expired" UNAUTHORIZED
        "The session or token no longer holds"
        "It has expired or was revoked. Sign in again, or make a new token.";
    Forbidden "forbidden" FORBIDDEN
        "Not allowed"
        "The role or the token's scopes do not include the permission named. Ask an admin, or use another token.";
    CrossSite "cross_site" FORBIDDEN
        "The request came from another site"
        "Requests that change something with a browser's session must carry the header 'x-headway: 1' or this server's own Origin. Programs use a token instead.";
    HostNotAllowed "host_not_allowed" FORBIDDEN
        "The server is not known by this name"
        "In development only local names are answered. Add the name to server.hosts, or use http://localhost.";
    OutsideRoots "outside_roots" FORBIDDEN
        "The folder lies outside the configured roots"
        "Choose a folder below one of the roots, or add its root to the configuration.";
    NotFound "not_found" NOT_FOUND
        "There is no such thing"
        "Check the id. What was removed, or was never there, is answered alike.";
    UnknownRoute "unknown_route" NOT_FOUND
        "There is no such route"
        "The routes are listed at /docs and in /api/v1/openapi.json.";
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED
        "The route does not know this method"
        "The header Allow names the methods that it knows.";
    IllegalTransition "illegal_transition" CONFLICT
        "The run's state does not allow this"
        "Look at the run's state: an ended run cannot be paused, one that runs cannot be retried.";
    Conflict "conflict" CONFLICT
        "Someone else was quicker"
        "Read the thing again, decide again, and repeat the request.";
    StreamsDisabled "streams_disabled" CONFLICT
        "This server has no live streams"
        "They are switched off (enable_sse_progress). Ask for progress instead: GET /api/v1/runs/{id}/progress?after=<run_seq>&wait=25 answers as soon as something changes.";
    AlreadyDelivered "already_delivered" CONFLICT
        "It is at its destination already"
        "What has been delivered is changed there, by its link; here it stays as it was sent.";
    Gone "gone" GONE
        "That part of the history is no longer kept"
        "Begin anew without a cursor: the answer starts with a snapshot.";
    TooLarge "too_large" PAYLOAD_TOO_LARGE
        "The body is too large"
        "Bodies may have 1 MiB. Put large inputs into files that the run reads.";
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE
        "The body's type is not understood"
        "Send JSON with the header 'Content-Type: application/json'.";
    InvalidValue "invalid_value" UNPROCESSABLE_ENTITY
        "A value does not fit"
        "The fields listed say which value, and what it has to be.";
    InvalidInput "invalid_input" UNPROCESSABLE_ENTITY
        "The pipeline does not accept this input"
        "GET /api/v1/pipelines shows the schema of each pipeline's input.";
    InvalidPipeline "invalid_pipeline" UNPROCESSABLE_ENTITY
        "The pipeline document has mistakes"
        "The fields listed name each mistake with its place in the document.";
    UnknownPipeline "unknown_pipeline" UNPROCESSABLE_ENTITY
        "There is no pipeline of that name"
        "GET /api/v1/pipelines lists the names; a document can be sent instead of a name.";
    UnknownSignal "unknown_signal" UNPROCESSABLE_ENTITY
        "The run waits for no such signal"
        "waiting_for of the run lists what it waits for.";
    IdempotencyMismatch "idempotency_mismatch" UNPROCESSABLE_ENTITY
        "The idempotency key was used for another request"
        "Use a new key for each new request, and the same key only to repeat one unchanged.";
    RateLimited "rate_limited" TOO_MANY_REQUESTS
        "Too many requests"
        "Wait as long as the header Retry-After says.";
    Internal "internal" INTERNAL_SERVER_ERROR
        "Something went wrong here"
        "Nothing is known to be lost. The log has the cause under the trace shown; report it with that.";
    Unavailable "unavailable" SERVICE_UNAVAILABLE
        "Not just now"
        "The server is starting, stopping or overloaded. Repeat the request in a while.";
    Timeout "timeout" SERVICE_UNAVAILABLE
        "It took too long"
        "The request was given up after its deadline. Repeat it; ask for less at once.";
    StorageFull "storage_full" INSUFFICIENT_STORAGE
        "The disk is full"
        "Free disk space on the server, then repeat the request. Nothing stored was lost.";
}

impl Code {
    /// What is known about it.
    pub fn entry(self) -> &'static CodeEntry {
        // The table is made from the same list as the enum, in the same order.
        &Self::TABLE[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_and_statuses_rise() {
        for (index, entry) in Code::TABLE.iter().enumerate() {
            assert_eq!(entry.code.entry().word, entry.word);
            assert!(Code::TABLE[..index].iter().all(|other| other.word != entry.word), "{}", entry.word);
            assert!(entry.help.ends_with('.') && !entry.title.ends_with('.'), "{}", entry.word);
        }
        assert!(Code::TABLE.is_sorted_by_key(|entry| entry.status.as_u16()));
    }
}
