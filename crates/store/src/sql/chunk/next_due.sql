SELECT MIN(due_at) FROM tasks WHERE run_id = ?1 AND stage = ?2 AND state = 0
