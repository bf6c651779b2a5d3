-- What happened to one item, but for its good end, which its task row tells.
SELECT feed_seq, run_id, run_seq, at, kind, stage, key, attempt, data
FROM events
WHERE run_id = ?1 AND stage = ?2 AND key = ?3 AND kind <> 'task.done' AND key IS NOT NULL
ORDER BY run_seq
LIMIT ?4
