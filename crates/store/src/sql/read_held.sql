-- The tasks that a worker has leased, of native runs: chunks hold theirs by themselves.
SELECT t.run_id, t.stage, t.key, t.fence
FROM tasks AS t
JOIN runs AS r ON r.id = t.run_id AND r.host = 'native' AND r.ended_at IS NULL
WHERE t.state = 1 AND t.worker = ?1
