-- The longest attempts among the first ?3 ended tasks of run ?1: a picture needs no full scan of a million.
SELECT stage, key, attempt, started_at, ended_at, state
FROM (
    SELECT stage, key, attempt, started_at, ended_at, state
    FROM tasks
    WHERE run_id = ?1 AND state IN (3, 5, 6) AND started_at IS NOT NULL AND ended_at IS NOT NULL
    LIMIT ?3
) AS ended
ORDER BY ended_at - started_at DESC, stage, key
LIMIT ?2
