UPDATE tasks SET state = 3, ended_at = ?4, output = ?5 WHERE run_id = ?1 AND stage = ?2 AND key = ?3 AND state = 2
