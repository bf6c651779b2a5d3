-- New content under a known key. What has been sent, or may have been, stays as it is.
UPDATE deliveries SET kind = ?4, level = ?5, title = ?6, payload = ?7, changed_at = ?8, error = NULL, attempts = 0,
       stalls = 0, since_at = ?8, due_at = ?8, state = CASE WHEN state IN (3, 5) THEN 0 ELSE state END
WHERE run_id = ?1 AND destination = ?2 AND key = ?3 AND state IN (0, 3, 5, 6) AND probe = 0
