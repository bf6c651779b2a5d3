-- How many of a run's deliveries are blocked, and whether any other can still move by itself.
SELECT CASE WHEN EXISTS (SELECT 1 FROM deliveries WHERE run_id = ?1 AND state IN (0, 1, 3, 4)) THEN 0
            ELSE (SELECT COUNT(*) FROM deliveries WHERE run_id = ?1 AND state = 6) END,
       EXISTS (SELECT 1 FROM deliveries WHERE run_id = ?1 AND state IN (0, 1, 3, 4))
