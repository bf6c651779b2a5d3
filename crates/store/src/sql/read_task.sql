SELECT t.stage, t.key, t.state, t.attempt, t.lost, w.name, t.created_at, t.due_at, t.started_at, t.ended_at,
       t.data, t.output, t.error
FROM tasks AS t
LEFT JOIN workers AS w ON w.id = t.worker
WHERE t.run_id = ?1 AND t.stage = ?2 AND t.key = ?3
