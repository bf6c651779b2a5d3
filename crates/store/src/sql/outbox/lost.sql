-- What dead workers held may have been sent: it is looked up, once look-ups can know.
UPDATE deliveries SET state = 4, probe = 1, worker = NULL, due_at = ?2, changed_at = ?3
WHERE destination = ?1 AND state = 1
  AND NOT EXISTS (SELECT 1 FROM workers AS w WHERE w.id = deliveries.worker AND w.state IN ('live', 'draining'))
