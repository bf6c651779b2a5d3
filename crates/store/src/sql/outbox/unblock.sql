-- The children of a delivery that is done may go, and know what it became.
UPDATE deliveries SET state = 0, parent_id = ?4, parent_url = ?5, due_at = ?6, changed_at = ?6, since_at = ?6
WHERE run_id = ?1 AND destination = ?2 AND parent = ?3 AND state = 6
