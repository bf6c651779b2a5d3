-- What an ingest has read, before anybody commits it. Nothing here is the library yet.
CREATE TABLE ingest_files (
    run_id        BIGINT   NOT NULL,
    key           TEXT     NOT NULL,
    path          TEXT     NOT NULL,
    name          TEXT     NOT NULL,
    size          BIGINT   NOT NULL,
    mtime_ns      BIGINT   NOT NULL,
    sha256        TEXT,
    kind          TEXT     NOT NULL CHECK (kind IN ('image', 'video', 'unknown')),
    format        TEXT,
    width         INTEGER,
    height        INTEGER,
    created_at    BIGINT,
    state         TEXT     NOT NULL CHECK (state IN ('processed', 'skipped', 'failed', 'committed', 'rejected')),
    excluded      SMALLINT NOT NULL DEFAULT 0 CHECK (excluded IN (0, 1)),
    has_thumbnail SMALLINT NOT NULL DEFAULT 0 CHECK (has_thumbnail IN (0, 1)),
    -- JSON: meta::FileFacts, Generation, VideoInfo, Quality, keywords.
    metadata      TEXT,
    generation    TEXT,
    video         TEXT,
    quality       TEXT,
    keywords      TEXT,
    overall       REAL,
    phash         BIGINT,
    score         SMALLINT NOT NULL DEFAULT 0 CHECK (score BETWEEN -1 AND 5),
    favourite     SMALLINT NOT NULL DEFAULT 0 CHECK (favourite IN (0, 1)),
    nsfw          TEXT     NOT NULL DEFAULT 'unknown' CHECK (nsfw IN ('safe', 'nsfw', 'unknown')),
    nsfw_score    REAL,
    nsfw_reason   TEXT,
    duplicate_of  TEXT,
    near_group    BIGINT,
    -- Name, prompt and keywords in lower case, a keyword a line: what the preview's filters look through.
    words         TEXT     NOT NULL DEFAULT '',
    PRIMARY KEY (run_id, key)
);
CREATE INDEX ingest_files_by_hash ON ingest_files (run_id, sha256);
CREATE INDEX ingest_files_by_name ON ingest_files (run_id, name, key);
-- Few rows each: what people chose, what looks alike, and what a run has to say about itself.
CREATE INDEX ingest_files_excluded ON ingest_files (run_id, state) WHERE excluded = 1;
CREATE INDEX ingest_files_duplicates ON ingest_files (run_id, sha256) WHERE duplicate_of IS NOT NULL;
CREATE INDEX ingest_files_near ON ingest_files (run_id, near_group, key, phash) WHERE near_group IS NOT NULL;
CREATE INDEX ingest_files_unknown ON ingest_files (run_id, nsfw_reason) WHERE nsfw_reason IS NOT NULL;
CREATE INDEX ingest_files_unprobed ON ingest_files (run_id) WHERE kind = 'video' AND video IS NULL;

CREATE TABLE ingest_errors (
    run_id   BIGINT  NOT NULL,
    stage    TEXT    NOT NULL,
    key      TEXT    NOT NULL,
    n        INTEGER NOT NULL,
    at       BIGINT  NOT NULL,
    file     TEXT    NOT NULL,
    code     TEXT    NOT NULL,
    message  TEXT    NOT NULL,
    PRIMARY KEY (run_id, key, stage, n)
);
CREATE INDEX ingest_errors_by_time ON ingest_errors (run_id, at, stage, key, n);

-- The library. A file is its path; its id is the path's hash, so that the same files give the same library.
CREATE TABLE media (
    id            BIGINT   NOT NULL PRIMARY KEY,
    path          TEXT     NOT NULL UNIQUE,
    name          TEXT     NOT NULL,
    size          BIGINT   NOT NULL,
    mtime_ns      BIGINT   NOT NULL,
    sha256        TEXT     NOT NULL,
    kind          TEXT     NOT NULL CHECK (kind IN ('image', 'video', 'unknown')),
    format        TEXT,
    width         INTEGER,
    height        INTEGER,
    orientation   TEXT,
    model         TEXT,
    created_at    BIGINT,
    has_thumbnail SMALLINT NOT NULL CHECK (has_thumbnail IN (0, 1)),
    metadata      TEXT,
    generation    TEXT,
    video         TEXT,
    quality       TEXT,
    keywords      TEXT     NOT NULL,
    overall       REAL,
    phash         BIGINT,
    score         SMALLINT NOT NULL CHECK (score BETWEEN -1 AND 5),
    favourite     SMALLINT NOT NULL CHECK (favourite IN (0, 1)),
    -- A person's rating is never overwritten by another ingest of the file.
    rated         SMALLINT NOT NULL DEFAULT 0 CHECK (rated IN (0, 1)),
    nsfw          TEXT     NOT NULL CHECK (nsfw IN ('safe', 'nsfw', 'unknown')),
    nsfw_score    REAL,
    nsfw_reason   TEXT,
    near_group    BIGINT,
    run_id        BIGINT   NOT NULL,
    added_at      BIGINT   NOT NULL
);
CREATE INDEX media_by_hash ON media (sha256);
CREATE INDEX media_by_added ON media (added_at, id);
CREATE INDEX media_by_score ON media (score, id);
CREATE INDEX media_by_name ON media (name, id);
CREATE INDEX media_by_created ON media (COALESCE(created_at, 0), id);
CREATE INDEX media_by_quality ON media (COALESCE(overall, -1), id);
-- What facets count, without reading the rows.
CREATE INDEX media_facets ON media (score, favourite, nsfw, kind, orientation, model, id);

CREATE TABLE media_keywords (
    media_id  BIGINT NOT NULL REFERENCES media (id) ON DELETE CASCADE,
    keyword   TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    label     TEXT   NOT NULL,
    weight    REAL   NOT NULL,
    PRIMARY KEY (media_id, keyword, kind)
);
CREATE INDEX media_keywords_by_word ON media_keywords (keyword, kind, media_id);

-- Full text over names, prompts, captions and keywords; its rowid is the media's id. The first letters of words have an
-- index of their own, so that what is being typed is found as quickly as whole words.
CREATE VIRTUAL TABLE media_text USING fts5 (name, prompt, captions, keywords, tokenize = 'unicode61 remove_diacritics 2',
                                            prefix = '1 2 3');
