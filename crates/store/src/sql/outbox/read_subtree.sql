-- A delivery and all that hang on it, as ids.
WITH RECURSIVE tree (id, run_id, destination, key) AS (
    SELECT id, run_id, destination, key FROM deliveries WHERE id = ?1
    UNION ALL
    SELECT d.id, d.run_id, d.destination, d.key
    FROM deliveries AS d
    JOIN tree AS t ON d.run_id = t.run_id AND d.destination = t.destination AND d.parent = t.key
)
SELECT id FROM tree
