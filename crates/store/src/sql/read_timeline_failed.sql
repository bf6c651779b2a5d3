SELECT stage, key, attempt, started_at, ended_at, state
FROM tasks INDEXED BY tasks_failed
WHERE run_id = ?1 AND state = 4 AND started_at IS NOT NULL
LIMIT ?2
