INSERT INTO secrets (name, sealed, created_at, changed_at) VALUES (?1, ?2, ?3, ?3)
ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, changed_at = excluded.changed_at
