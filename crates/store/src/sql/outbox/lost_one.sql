-- As `lost`, for a lease whose worker lives and knows nothing of it.
UPDATE deliveries SET state = 4, probe = 1, worker = NULL, due_at = ?3, changed_at = ?4
WHERE id = ?1 AND fence = ?2 AND state = 1
