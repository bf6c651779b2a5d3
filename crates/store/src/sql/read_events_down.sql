-- Events of run ?1 before its ?2nd, newest first.
SELECT feed_seq, run_id, run_seq, at, kind, stage, key, attempt, data
FROM events
WHERE run_id = ?1 AND run_seq < ?2
  /*kinds*/
ORDER BY run_seq DESC
LIMIT ?3
