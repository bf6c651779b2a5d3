-- The engine's tables. Types are chosen to mean the same in SQLite and PostgreSQL; times are milliseconds since 1970.

-- One row: the number of the newest event over all runs, and the epoch that cursors belong to. Each batch that adds events
-- first moves `value` on, and so takes the row's lock: numbers follow commit order under any number of writers.
CREATE TABLE feed (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    value   BIGINT  NOT NULL CHECK (value >= 0),
    epoch   TEXT    NOT NULL
);

-- Compiled pipelines, by hash: a run keeps the definition it began with.
CREATE TABLE definitions (
    hash        TEXT   NOT NULL PRIMARY KEY,
    name        TEXT   NOT NULL,
    version     BIGINT NOT NULL,
    body        TEXT   NOT NULL,
    created_at  BIGINT NOT NULL
);

CREATE TABLE runs (
    id               BIGINT NOT NULL PRIMARY KEY,
    definition       TEXT   NOT NULL REFERENCES definitions (hash),
    pipeline         TEXT   NOT NULL,
    app              TEXT   NOT NULL,
    title            TEXT   NOT NULL,
    created_by       TEXT   NOT NULL,
    labels           TEXT   NOT NULL,
    input            TEXT   NOT NULL,
    idempotency_key  TEXT   UNIQUE,
    state            TEXT   NOT NULL CHECK (state IN ('queued', 'running', 'waiting', 'paused', 'completed',
                                                      'completed_with_errors', 'failed', 'cancelled')),
    -- Number of the run's newest event; the guard against a second writer.
    run_seq          BIGINT NOT NULL,
    -- The folded state (model::Run without its input), written by every commit.
    body             TEXT   NOT NULL,
    created_at       BIGINT NOT NULL,
    started_at       BIGINT,
    ended_at         BIGINT,
    CHECK ((ended_at IS NOT NULL) = (state IN ('completed', 'completed_with_errors', 'failed', 'cancelled')))
);
CREATE INDEX runs_by_state ON runs (state, id);
CREATE INDEX runs_by_app ON runs (app, id);

-- A task is named by (run, stage, key): emitting an item twice adds nothing.
-- state: 0 ready, 1 leased, 2 waiting, 3 done, 4 failed, 5 skipped, 6 cancelled.
CREATE TABLE tasks (
    run_id      BIGINT   NOT NULL,
    stage       SMALLINT NOT NULL,
    key         TEXT     NOT NULL,
    state       SMALLINT NOT NULL CHECK (state BETWEEN 0 AND 6),
    -- Attempts begun and counted against the limit.
    attempt     INTEGER  NOT NULL DEFAULT 0,
    -- Moves on with every lease: an outcome under an older fence is refused.
    fence       INTEGER  NOT NULL DEFAULT 0,
    -- How often a worker died with it.
    lost        INTEGER  NOT NULL DEFAULT 0,
    worker      BIGINT,
    created_at  BIGINT   NOT NULL,
    due_at      BIGINT   NOT NULL,
    started_at  BIGINT,
    ended_at    BIGINT,
    data        TEXT     NOT NULL,
    output      TEXT,
    error       TEXT,
    PRIMARY KEY (run_id, stage, key),
    CHECK ((worker IS NOT NULL) = (state = 1))
) WITHOUT ROWID;
CREATE INDEX tasks_ready  ON tasks (run_id, stage, due_at) WHERE state = 0;
CREATE INDEX tasks_leased ON tasks (run_id, stage) WHERE state = 1;
CREATE INDEX tasks_failed ON tasks (run_id, stage) WHERE state = 4;

-- Facts. run_id 0 holds those of the system, such as changes of limits.
CREATE TABLE events (
    feed_seq  INTEGER  NOT NULL PRIMARY KEY,
    run_id    BIGINT   NOT NULL,
    run_seq   BIGINT   NOT NULL,
    at        BIGINT   NOT NULL,
    kind      TEXT     NOT NULL,
    stage     SMALLINT,
    key       TEXT,
    attempt   INTEGER,
    data      TEXT
);
CREATE UNIQUE INDEX events_of_run ON events (run_id, run_seq);
-- The many `task.done` stay out: these serve one item's history, the log, the errors.
CREATE INDEX events_of_kind ON events (run_id, kind, run_seq) WHERE kind <> 'task.done';
CREATE INDEX events_of_item ON events (run_id, stage, key) WHERE kind <> 'task.done' AND key IS NOT NULL;

-- Processes that lease tasks. A lease is the worker's, not the task's: one heartbeat keeps all of them.
CREATE TABLE workers (
    id            BIGINT NOT NULL PRIMARY KEY,
    name          TEXT   NOT NULL,
    host          TEXT   NOT NULL,
    pid           BIGINT NOT NULL,
    version       TEXT   NOT NULL,
    state         TEXT   NOT NULL CHECK (state IN ('live', 'draining', 'lost', 'ended')),
    started_at    BIGINT NOT NULL,
    heartbeat_at  BIGINT NOT NULL,
    lease_until   BIGINT NOT NULL
);

CREATE TABLE schedules (
    id          BIGINT NOT NULL PRIMARY KEY,
    name        TEXT   NOT NULL UNIQUE,
    cron        TEXT   NOT NULL,
    timezone    TEXT   NOT NULL,
    pipeline    TEXT   NOT NULL,
    input       TEXT   NOT NULL,
    enabled     SMALLINT NOT NULL CHECK (enabled IN (0, 1)),
    next_at     BIGINT,
    last_at     BIGINT,
    last_run    BIGINT,
    created_at  BIGINT NOT NULL
);
