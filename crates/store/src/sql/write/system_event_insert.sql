-- run_seq is the feed's number: unique without a counter of the system's own.
INSERT INTO events (feed_seq, run_id, run_seq, at, kind, data)
VALUES ((SELECT value FROM feed WHERE id = 1) - ?1, 0, (SELECT value FROM feed WHERE id = 1) - ?1, ?2, ?3, ?4)
