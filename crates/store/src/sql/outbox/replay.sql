-- A dead delivery goes again. One that may have arrived before it was given up is looked up first.
UPDATE deliveries SET attempts = 0, stalls = 0, error = NULL, since_at = ?2, due_at = ?2, changed_at = ?2,
       state = CASE WHEN probe = 1 THEN 4 WHEN parent IS NOT NULL AND parent_id IS NULL THEN 6 ELSE 0 END
WHERE id = ?1 AND state = 5
