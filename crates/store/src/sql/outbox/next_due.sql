SELECT MIN(due_at) FROM deliveries WHERE destination = ?1 AND state IN (0, 3, 4)
