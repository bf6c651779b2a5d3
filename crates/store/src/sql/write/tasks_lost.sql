-- What workers held that are gone. A worker's death is not the task's fault: the attempt is given back, but counted apart.
UPDATE tasks SET state = 0, worker = NULL, attempt = attempt - 1, lost = lost + 1, due_at = ?3
WHERE run_id = ?1 AND stage = ?2 AND state = 1
  AND NOT EXISTS (SELECT 1 FROM workers AS w WHERE w.id = tasks.worker AND w.state IN ('live', 'draining'))
RETURNING key, lost
