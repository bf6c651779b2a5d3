-- The oldest due deliveries of a destination, whose run is not held, and which are the first of their order key.
-- The fence moves on, so that an answer to an earlier lease is refused.
UPDATE deliveries SET state = 1, worker = ?2, fence = fence + 1, sent = sent + 1 - probe, changed_at = ?3
WHERE id IN
      (SELECT d.id FROM deliveries AS d
       WHERE d.destination = ?1 AND d.state IN (0, 3, 4) AND d.due_at <= ?3
         AND NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.id = d.run_id AND r.state IN ('paused', 'cancelled'))
         AND (d.order_key IS NULL OR NOT EXISTS
              (SELECT 1 FROM deliveries AS e
               WHERE e.destination = d.destination AND e.order_key = d.order_key AND e.state <> 2 AND e.id < d.id))
       ORDER BY d.due_at, d.id LIMIT ?4)
RETURNING id, run_id, key, kind, title, payload, parent_id, parent_url, probe, attempts, stalls, fence, staged_at, since_at
