-- `state + 0`: the row is found by its key; an index over leased tasks would be walked for each of them.
UPDATE tasks SET state = 3, worker = NULL, started_at = ?5, ended_at = ?6, output = ?7, error = NULL
WHERE run_id = ?1 AND stage = ?2 AND key = ?3 AND fence = ?4 AND state + 0 = 1
