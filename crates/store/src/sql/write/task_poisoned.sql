UPDATE tasks SET state = 4, ended_at = ?4, error = ?5 WHERE run_id = ?1 AND stage = ?2 AND key = ?3 AND state = 0
