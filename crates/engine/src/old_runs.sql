-- Runs that ended before ?1. Deliveries go on after their run's end, unless it was cancelled: as long as one can, it stays.
SELECT r.id FROM runs AS r
WHERE r.ended_at IS NOT NULL AND r.ended_at < ?1
    AND (r.state = 'cancelled'
         OR NOT EXISTS (SELECT 1 FROM deliveries AS d WHERE d.run_id = r.id AND d.state IN (0, 1, 3, 4)))
ORDER BY r.id LIMIT ?2
