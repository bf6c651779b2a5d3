-- As beside. Other processes pass over rows that this one is about to take; the first of an order key is not done while
-- one of them holds it, so what comes after it waits.
WITH chosen AS MATERIALIZED (
    SELECT d.id FROM deliveries AS d
    WHERE d.destination = ?1 AND d.state IN (0, 3, 4) AND d.due_at <= ?3
      AND NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.id = d.run_id AND r.state IN ('paused', 'cancelled'))
      AND (d.order_key IS NULL OR NOT EXISTS
           (SELECT 1 FROM deliveries AS e
            WHERE e.destination = d.destination AND e.order_key = d.order_key AND e.state <> 2 AND e.id < d.id))
    ORDER BY d.due_at, d.id LIMIT ?4
    FOR UPDATE OF d SKIP LOCKED
)
UPDATE deliveries AS t SET state = 1, worker = ?2, fence = fence + 1, sent = sent + 1 - probe, changed_at = ?3
FROM chosen
WHERE t.id = chosen.id
RETURNING t.id, t.run_id, t.key, t.kind, t.title, t.payload, t.parent_id, t.parent_url, t.probe, t.attempts, t.stalls, t.fence,
          t.staged_at, t.since_at
