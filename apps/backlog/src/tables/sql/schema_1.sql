-- A backlog's items. An item's key is its path (`e1.f2.s3.t1`), unique in its run; `sort` is the same path in digits of a
-- fixed width, so that a tree in depth-first order is a range of it.
CREATE TABLE backlog_items (
    run_id          BIGINT   NOT NULL,
    key             TEXT     NOT NULL,
    parent          TEXT,
    kind            TEXT     NOT NULL CHECK (kind IN ('epic', 'feature', 'story', 'task', 'test_case')),
    level           SMALLINT NOT NULL CHECK (level BETWEEN 0 AND 3),
    position        INTEGER  NOT NULL CHECK (position > 0),
    sort            TEXT     NOT NULL,
    -- JSON: model::WorkItem.
    item            TEXT     NOT NULL,
    -- Title and description in lower case: what a search looks through.
    words           TEXT     NOT NULL,
    score           SMALLINT NOT NULL CHECK (score BETWEEN 0 AND 100),
    -- JSON: a list of texts.
    problems        TEXT     NOT NULL,
    -- How often it was written, the first time included.
    attempts        INTEGER  NOT NULL,
    flagged         SMALLINT NOT NULL CHECK (flagged IN (0, 1)),
    edited          SMALLINT NOT NULL DEFAULT 0 CHECK (edited IN (0, 1)),
    excluded        SMALLINT NOT NULL DEFAULT 0 CHECK (excluded IN (0, 1)),
    -- Moves on with every change; the guard against a second editor.
    version         INTEGER  NOT NULL DEFAULT 1,
    -- The version that was staged last; nothing where none was.
    staged_version  INTEGER,
    PRIMARY KEY (run_id, key),
    CHECK ((parent IS NULL) = (level = 0))
);
CREATE UNIQUE INDEX backlog_items_in_order ON backlog_items (run_id, sort);
CREATE INDEX backlog_items_of_parent ON backlog_items (run_id, parent, sort);
CREATE INDEX backlog_items_flagged ON backlog_items (run_id, sort) WHERE flagged = 1;
CREATE INDEX backlog_items_excluded ON backlog_items (run_id, key) WHERE excluded = 1;
CREATE INDEX backlog_items_edited ON backlog_items (run_id, sort) WHERE edited = 1;

-- What people should know about a backlog, in order.
CREATE TABLE backlog_notes (
    run_id  BIGINT  NOT NULL,
    n       INTEGER NOT NULL,
    note    TEXT    NOT NULL,
    PRIMARY KEY (run_id, n)
);

-- Visions too large for a run's input, by the SHA-256 of their text.
CREATE TABLE backlog_visions (
    sha256      TEXT   NOT NULL PRIMARY KEY,
    text        TEXT   NOT NULL,
    created_at  BIGINT NOT NULL
);
