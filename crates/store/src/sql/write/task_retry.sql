-- `state + 0`: the row is found by its key; an index over leased tasks would be walked for each of them.
UPDATE tasks SET state = 0, worker = NULL, due_at = ?5, attempt = attempt - ?6, started_at = ?7, error = ?8
WHERE run_id = ?1 AND stage = ?2 AND key = ?3 AND fence = ?4 AND state + 0 = 1
