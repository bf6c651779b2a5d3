UPDATE tasks SET state = ?4, attempt = 0, lost = 0, fence = fence + 1, due_at = ?5, ended_at = NULL, error = NULL
WHERE run_id = ?1 AND stage = ?2 AND key = ?3 AND state = 4
