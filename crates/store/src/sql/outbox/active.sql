-- How many of a run's deliveries are blocked, and whether any other can still move by itself.
SELECT (SELECT COUNT(*) FROM deliveries WHERE run_id = ?1 AND state = 6),
       EXISTS (SELECT 1 FROM deliveries WHERE run_id = ?1 AND state IN (0, 1, 3, 4))
