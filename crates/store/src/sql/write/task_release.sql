-- `state + 0`: the row is found by its key; an index over leased tasks would be walked for each of them.
-- A worker that drains gives back what it has leased and not begun.
UPDATE tasks SET state = 0, worker = NULL, attempt = attempt - 1
WHERE run_id = ?1 AND stage = ?2 AND key = ?3 AND fence = ?4 AND state + 0 = 1
