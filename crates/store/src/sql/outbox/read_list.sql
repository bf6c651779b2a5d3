-- A page of deliveries. ?1 run, ?2 destination, ?3 kind, ?4 reason, ?5 text, ?6 from, ?7 to, ?8 after this id, ?9 how many.
-- /*where*/ is filled with conditions on run, destination and state: only then does the planner take their index.
SELECT d.id, d.run_id, d.destination, d.key, d.kind, d.level, d.title, d.payload, d.parent, d.order_key, d.state, d.attempts,
       d.sent, d.remote_id, d.remote_url, d.error, d.staged_at, d.due_at, d.changed_at, d.parent_id, d.parent_url,
       p.key, p.title, p.state
FROM deliveries AS d
LEFT JOIN deliveries AS p
       ON p.run_id = d.run_id AND p.destination = d.destination AND p.key = d.parent AND p.state <> 2 AND d.state = 6
WHERE (d.kind = ?3 OR ?3 IS NULL)
  AND (d.error LIKE ?4 ESCAPE '\' OR ?4 IS NULL)
  AND (lower(d.title) LIKE ?5 ESCAPE '\' OR lower(d.key) LIKE ?5 ESCAPE '\' OR ?5 IS NULL)
  AND (d.changed_at >= ?6 OR ?6 IS NULL)
  AND (d.changed_at <= ?7 OR ?7 IS NULL)
  AND (d.id > ?8 OR ?8 IS NULL)
  /*where*/
ORDER BY d.id
LIMIT ?9
