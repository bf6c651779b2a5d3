UPDATE tasks SET state = 4, ended_at = ?3, error = ?4 WHERE run_id = ?1 AND stage = ?2 AND state = 2
