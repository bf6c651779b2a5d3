DELETE FROM tasks WHERE run_id = ?1 AND (run_id, stage, key) IN (SELECT run_id, stage, key FROM tasks WHERE run_id = ?1 LIMIT ?2)
