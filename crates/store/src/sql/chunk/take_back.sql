-- What an earlier try of the lane's chunk held. Its death is not the task's fault: the attempt is given back, but counted.
UPDATE tasks SET state = 0, worker = NULL, attempt = attempt - 1, lost = lost + 1, due_at = ?4
WHERE run_id = ?1 AND stage = ?2 AND state = 1
  AND worker = (SELECT chunks.worker FROM chunks WHERE chunks.run_id = ?1 AND chunks.lane = ?3)
RETURNING key, lost
