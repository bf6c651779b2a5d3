-- Who may ask, and what was done. Times are milliseconds since 1970; secrets stand here only as hashes.

CREATE TABLE server_users (
    name        TEXT     NOT NULL PRIMARY KEY,
    role        TEXT     NOT NULL CHECK (role IN ('admin', 'operator', 'viewer')),
    -- PHC string of argon2id; none for one who signs in otherwise.
    password    TEXT,
    created_at  BIGINT   NOT NULL
);

-- One-time codes that sign an admin in.
CREATE TABLE server_codes (
    hash        TEXT     NOT NULL PRIMARY KEY,
    user_name   TEXT     NOT NULL,
    created_at  BIGINT   NOT NULL,
    used_at     BIGINT
);

CREATE TABLE server_sessions (
    hash        TEXT     NOT NULL PRIMARY KEY,
    user_name   TEXT     NOT NULL REFERENCES server_users (name) ON DELETE CASCADE,
    created_at  BIGINT   NOT NULL,
    expires_at  BIGINT   NOT NULL,
    address     TEXT     NOT NULL
);
CREATE INDEX server_sessions_of_user ON server_sessions (user_name);

CREATE TABLE server_tokens (
    id          TEXT     NOT NULL PRIMARY KEY,
    hash        TEXT     NOT NULL UNIQUE,
    -- The beginning of the token, by which people tell one from another.
    prefix      TEXT     NOT NULL,
    name        TEXT     NOT NULL,
    user_name   TEXT     NOT NULL REFERENCES server_users (name) ON DELETE CASCADE,
    -- Permissions, separated by spaces.
    scopes      TEXT     NOT NULL,
    created_at  BIGINT   NOT NULL,
    expires_at  BIGINT,
    used_at     BIGINT,
    revoked_at  BIGINT
);
CREATE INDEX server_tokens_of_user ON server_tokens (user_name, created_at);

-- Append-only: each row's hash covers its content and the hash before it.
CREATE TABLE server_audit (
    seq         INTEGER  NOT NULL PRIMARY KEY CHECK (seq > 0),
    at          BIGINT   NOT NULL,
    who         TEXT     NOT NULL,
    action      TEXT     NOT NULL,
    object      TEXT     NOT NULL,
    result      TEXT     NOT NULL CHECK (result IN ('ok', 'denied', 'failed')),
    status      INTEGER  NOT NULL,
    address     TEXT     NOT NULL,
    trace       TEXT     NOT NULL,
    hash        TEXT     NOT NULL UNIQUE
);

-- Answers of POSTs that came with an idempotency key.
CREATE TABLE server_replies (
    principal   TEXT     NOT NULL,
    key         TEXT     NOT NULL,
    request     TEXT     NOT NULL,
    status      INTEGER  NOT NULL,
    location    TEXT,
    body        TEXT     NOT NULL,
    created_at  BIGINT   NOT NULL,
    PRIMARY KEY (principal, key)
);
CREATE INDEX server_replies_by_age ON server_replies (created_at);
