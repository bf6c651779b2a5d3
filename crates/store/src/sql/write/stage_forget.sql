DELETE FROM tasks WHERE run_id = ?1 AND stage = ?2
