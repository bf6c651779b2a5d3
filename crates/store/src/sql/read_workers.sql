SELECT id, name, host, pid, version, state, started_at, heartbeat_at, lease_until
FROM workers
WHERE state <> 'ended'
ORDER BY started_at, id
