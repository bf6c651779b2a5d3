-- Which of up to eight keys a run has staged for a destination, and how they stand.
SELECT key, state, probe FROM deliveries
WHERE run_id = ?1 AND destination = ?2 AND key IN (?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
