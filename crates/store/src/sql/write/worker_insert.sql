INSERT INTO workers (id, name, host, pid, version, state, started_at, heartbeat_at, lease_until)
VALUES (?1, ?2, ?3, ?4, ?5, 'live', ?6, ?6, ?7)
