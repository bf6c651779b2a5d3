UPDATE tasks SET state = 6, worker = NULL, fence = fence + 1, ended_at = ?2 WHERE run_id = ?1 AND state IN (0, 1, 2)
