-- Workers whose lease has run out by the server's clock.
UPDATE workers SET state = 'lost'
WHERE id <> ?1 AND state IN ('live', 'draining')
  AND lease_until < CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)
RETURNING name
