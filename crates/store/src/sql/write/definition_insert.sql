INSERT INTO definitions (hash, name, version, body, created_at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (hash) DO NOTHING
