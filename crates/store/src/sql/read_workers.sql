-- Workers with the tasks that each holds: those that live first, and of each kind the youngest.
SELECT w.id, w.name, w.host, w.pid, w.version, w.state, w.started_at, w.heartbeat_at, w.lease_until, COALESCE(t.held, 0)
FROM workers AS w
LEFT JOIN (SELECT worker, COUNT(*) AS held FROM tasks WHERE state = 1 GROUP BY worker) AS t ON t.worker = w.id
ORDER BY CASE w.state WHEN 'live' THEN 0 WHEN 'draining' THEN 1 WHEN 'lost' THEN 2 ELSE 3 END, w.started_at DESC, w.id
LIMIT ?1
