UPDATE deliveries SET state = ?3, probe = ?4, attempts = ?5, stalls = ?6, remote_id = ?7, remote_url = ?8, error = ?9,
       due_at = ?10, changed_at = ?11, worker = NULL
WHERE id = ?1 AND fence = ?2 AND state = 1
