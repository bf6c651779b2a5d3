-- Stages of native runs with tasks that are leased by workers that are gone.
SELECT DISTINCT t.run_id, t.stage
FROM tasks AS t
JOIN runs AS r ON r.id = t.run_id AND r.host = 'native' AND r.ended_at IS NULL
WHERE t.state = 1
  AND NOT EXISTS (SELECT 1 FROM workers AS w WHERE w.id = t.worker AND w.state IN ('live', 'draining'))
