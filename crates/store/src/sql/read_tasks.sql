-- A page of run ?1's tasks after (stage ?2, key ?3), of stage ?4, with ?5 in their key.
-- /*states*/ is filled with a condition on the state, and /*index*/ with the partial index that serves it: the planner, knowing
-- no figures, would rather look at every task of the run.
SELECT t.stage, t.key, t.state, t.attempt, t.lost, w.name, t.created_at, t.due_at, t.started_at, t.ended_at,
       t.data, t.output, t.error
FROM tasks AS t /*index*/
LEFT JOIN workers AS w ON w.id = t.worker
WHERE t.run_id = ?1
  AND (t.stage, t.key) > (?2, ?3)
  AND (t.stage = ?4 OR ?4 IS NULL)
  AND (lower(t.key) LIKE ?5 ESCAPE '\' OR ?5 IS NULL)
  /*states*/
ORDER BY t.stage, t.key
LIMIT ?6
