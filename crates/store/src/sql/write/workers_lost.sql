UPDATE workers SET state = 'lost' WHERE id <> ?1 AND state IN ('live', 'draining')
