INSERT INTO destinations (name, kind, settings, credential, created_at, changed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
