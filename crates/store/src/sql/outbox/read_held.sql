-- The deliveries of a destination that a worker has leased.
SELECT id, fence FROM deliveries WHERE destination = ?1 AND state = 1 AND worker = ?2
