-- Events of run ?1 after its ?2nd, oldest first.
SELECT feed_seq, run_id, run_seq, at, kind, stage, key, attempt, data
FROM events
WHERE run_id = ?1 AND run_seq > ?2
  /*kinds*/
ORDER BY run_seq
LIMIT ?3
