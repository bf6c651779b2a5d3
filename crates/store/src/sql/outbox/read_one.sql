SELECT d.id, d.run_id, d.destination, d.key, d.kind, d.level, d.title, d.payload, d.parent, d.order_key, d.state, d.attempts,
       d.sent, d.remote_id, d.remote_url, d.error, d.staged_at, d.due_at, d.changed_at, d.parent_id, d.parent_url,
       p.key, p.title, p.state
FROM deliveries AS d
LEFT JOIN deliveries AS p
       ON p.run_id = d.run_id AND p.destination = d.destination AND p.key = d.parent AND p.state <> 2 AND d.state = 6
WHERE d.id = ?1
