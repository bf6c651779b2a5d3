-- The oldest due tasks of a stage. The fence moves on, so that whoever held them before is refused.
UPDATE tasks SET state = 1, attempt = attempt + 1, fence = fence + 1, worker = ?3
WHERE run_id = ?1 AND stage = ?2 AND key IN
      (SELECT key FROM tasks WHERE run_id = ?1 AND stage = ?2 AND state = 0 AND due_at <= ?4 ORDER BY due_at LIMIT ?5)
RETURNING key, attempt, fence, data
