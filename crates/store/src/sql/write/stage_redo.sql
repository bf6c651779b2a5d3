UPDATE tasks SET state = ?3, attempt = 0, lost = 0, fence = fence + 1, due_at = ?4, started_at = NULL, ended_at = NULL,
                 output = NULL, error = NULL
WHERE run_id = ?1 AND stage = ?2
