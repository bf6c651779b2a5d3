-- The outbox: messages to destinations outside, staged in the transaction that settles the task which made them.

-- state: 0 pending, 1 leased, 2 done, 3 retry, 4 unknown, 5 dead, 6 blocked. Rows stay after success: a child that is
-- staged later finds here what its parent became.
CREATE TABLE deliveries (
    id             INTEGER  NOT NULL PRIMARY KEY,
    run_id         BIGINT   NOT NULL,
    destination    TEXT     NOT NULL,
    key            TEXT     NOT NULL,
    kind           TEXT     NOT NULL,
    level          INTEGER  NOT NULL,
    title          TEXT     NOT NULL,
    payload        TEXT     NOT NULL,
    parent         TEXT,
    -- What the parent became: filled in when it is done.
    parent_id      TEXT,
    parent_url     TEXT,
    order_key      TEXT,
    state          SMALLINT NOT NULL CHECK (state BETWEEN 0 AND 6),
    -- 1: it may be at the destination already, and is looked up before it is sent.
    probe          SMALLINT NOT NULL DEFAULT 0,
    -- Failures through its own fault: what the limit counts.
    attempts       INTEGER  NOT NULL DEFAULT 0,
    -- Attempts that got nowhere through no fault of its own, in a row: what delays grow by.
    stalls         INTEGER  NOT NULL DEFAULT 0,
    -- How often it was sent at all.
    sent           INTEGER  NOT NULL DEFAULT 0,
    -- Moves on with every lease: an answer under an older fence is refused.
    fence          INTEGER  NOT NULL DEFAULT 0,
    worker         BIGINT,
    remote_id      TEXT,
    remote_url     TEXT,
    error          TEXT,
    staged_at      BIGINT   NOT NULL,
    -- What the age bound counts from: staging, or the last replay.
    since_at       BIGINT   NOT NULL,
    due_at         BIGINT   NOT NULL,
    changed_at     BIGINT   NOT NULL,
    UNIQUE (run_id, destination, key),
    CHECK ((worker IS NOT NULL) = (state = 1)),
    CHECK ((remote_id IS NOT NULL) = (state = 2))
);
CREATE INDEX deliveries_due      ON deliveries (destination, due_at, id) WHERE state IN (0, 3, 4);
CREATE INDEX deliveries_leased   ON deliveries (destination, worker) WHERE state = 1;
CREATE INDEX deliveries_children ON deliveries (run_id, destination, parent) WHERE parent IS NOT NULL;
CREATE INDEX deliveries_ordered  ON deliveries (destination, order_key, id) WHERE order_key IS NOT NULL AND state <> 2;
CREATE INDEX deliveries_by_state ON deliveries (destination, state);
CREATE INDEX deliveries_of_run   ON deliveries (run_id, state);

-- Where deliveries go to.
CREATE TABLE destinations (
    name           TEXT     NOT NULL PRIMARY KEY,
    kind           TEXT     NOT NULL,
    settings       TEXT     NOT NULL,
    credential     TEXT,
    paused_code    TEXT,
    paused_reason  TEXT,
    paused_at      BIGINT,
    created_at     BIGINT   NOT NULL,
    changed_at     BIGINT   NOT NULL
);

-- Secrets, sealed by a key that is not in the database.
CREATE TABLE secrets (
    name        TEXT   NOT NULL PRIMARY KEY,
    sealed      TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    changed_at  BIGINT NOT NULL
);
