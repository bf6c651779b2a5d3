UPDATE tasks SET state = 5, ended_at = ?3 WHERE run_id = ?1 AND stage = ?2 AND state = 2
