-- Events of run ?1 after number ?2 of the feed, oldest first. Both numbers rise together within a run, so the inner query
-- walks back from the newest and stops at the first that the reader has.
SELECT feed_seq, run_id, run_seq, at, kind, stage, key, attempt, data
FROM events
WHERE run_id = ?1
  AND run_seq > coalesce((SELECT run_seq FROM events
                          WHERE run_id = ?1 AND feed_seq <= ?2 ORDER BY run_seq DESC LIMIT 1), 0)
  /*kinds*/
ORDER BY run_seq
LIMIT ?3
