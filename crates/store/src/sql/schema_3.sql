-- Which host drives a run: this program's own engine, or a cluster engine whose workflow holds the run's state.
ALTER TABLE runs ADD COLUMN host TEXT NOT NULL DEFAULT 'native';

-- What a cluster engine's chunks did. A chunk is a lot of tasks of one stage, leased and performed together; a lane performs
-- one after the other, so a row a lane is enough.
CREATE TABLE chunks (
    run_id  BIGINT   NOT NULL,
    lane    INTEGER  NOT NULL,
    number  BIGINT   NOT NULL,
    stage   SMALLINT NOT NULL,
    -- Who holds the chunk's tasks: unlike any worker's id, and new with each try.
    worker  BIGINT   NOT NULL,
    done    SMALLINT NOT NULL CHECK (done IN (0, 1)),
    -- The newest of its entries that the run's row counts.
    folded  BIGINT   NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, lane)
);

-- What the lane's newest chunk committed and the run's row does not count yet.
CREATE TABLE chunk_entries (
    run_id  BIGINT  NOT NULL,
    lane    INTEGER NOT NULL,
    seq     BIGINT  NOT NULL,
    body    TEXT    NOT NULL,
    PRIMARY KEY (run_id, lane, seq)
);
