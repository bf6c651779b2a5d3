-- No other process has the database: SQLite's owner is the only one, so every other worker is gone.
UPDATE workers SET state = 'lost' WHERE id <> ?1 AND state IN ('live', 'draining') RETURNING name
