-- Events over all runs after ?1 and up to ?2, in commit order. /*kinds*/ is filled with a condition on the kind.
SELECT feed_seq, run_id, run_seq, at, kind, stage, key, attempt, data
FROM events
WHERE feed_seq > ?1 AND feed_seq <= ?2
  /*kinds*/
ORDER BY feed_seq
LIMIT ?3
