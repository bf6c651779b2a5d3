SELECT s.name, s.created_at, s.changed_at, s.sealed FROM secrets AS s ORDER BY s.name
