-- ?1 counts back from the feed's newest number, which the same batch has just moved on.
INSERT INTO events (feed_seq, run_id, run_seq, at, kind, stage, key, attempt, data)
VALUES ((SELECT value FROM feed WHERE id = 1) - ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
