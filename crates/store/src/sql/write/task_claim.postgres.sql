-- As beside: the oldest due tasks of a stage. Other workers pass over rows that this one is about to take. The whole key comes
-- from the chosen rows: named by parameters in part, the rest of the stage would be walked for each of them.
WITH chosen AS MATERIALIZED (
    SELECT run_id, stage, key FROM tasks WHERE run_id = ?1 AND stage = ?2 AND state = 0 AND due_at <= ?4
    ORDER BY due_at LIMIT ?5 FOR UPDATE SKIP LOCKED
)
UPDATE tasks SET state = 1, attempt = attempt + 1, fence = fence + 1, worker = ?3
FROM chosen
WHERE tasks.run_id = chosen.run_id AND tasks.stage = chosen.stage AND tasks.key = chosen.key
RETURNING tasks.key, tasks.attempt, tasks.fence, tasks.data
