UPDATE tasks SET state = 0, due_at = ?3 WHERE run_id = ?1 AND stage = ?2 AND state = 2
