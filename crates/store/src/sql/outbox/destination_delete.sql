DELETE FROM destinations WHERE name = ?1
  AND NOT EXISTS (SELECT 1 FROM deliveries WHERE destination = ?1 AND state IN (0, 1, 3, 4, 6))
