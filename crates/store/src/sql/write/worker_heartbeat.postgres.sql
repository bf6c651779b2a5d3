-- As beside, by the server's clock, which all nodes share: those of the nodes may differ.
UPDATE workers SET state = ?2, heartbeat_at = at.now, lease_until = at.now + (CAST(?4 AS BIGINT) - CAST(?3 AS BIGINT))
FROM (SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) AS now) AS at
WHERE id = ?1 AND state <> 'lost'
