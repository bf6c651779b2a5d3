-- A child begins blocked, unless its parent is at the destination already.
INSERT INTO deliveries (run_id, destination, key, kind, level, title, payload, parent, order_key,
                        state, parent_id, parent_url, staged_at, since_at, due_at, changed_at)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,
       CASE WHEN ?8 IS NULL OR p.state = 2 THEN 0 ELSE 6 END, p.remote_id, p.remote_url, ?10, ?10, ?10, ?10
FROM (SELECT 1 AS one) AS row
LEFT JOIN deliveries AS p ON p.run_id = ?1 AND p.destination = ?2 AND p.key = ?8
