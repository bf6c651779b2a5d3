-- `state + 0`: the row is found by its key; an index over leased tasks would be walked for each of them.
-- Nothing changes: it proves that the attempt still holds its task before a chunk of it is written.
UPDATE tasks SET fence = fence WHERE run_id = ?1 AND stage = ?2 AND key = ?3 AND fence = ?4 AND state + 0 = 1
