SELECT MIN(since_at) FROM deliveries WHERE destination = ?1 AND state IN (0, 1, 3, 4, 6)
