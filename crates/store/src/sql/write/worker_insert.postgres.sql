-- As beside, by the server's clock, which all nodes share: those of the nodes may differ.
INSERT INTO workers (id, name, host, pid, version, state, started_at, heartbeat_at, lease_until)
SELECT ?1, ?2, ?3, ?4, ?5, 'live', at.now, at.now, at.now + (CAST(?7 AS BIGINT) - CAST(?6 AS BIGINT))
FROM (SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) AS now) AS at
