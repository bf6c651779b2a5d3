INSERT INTO backlog_visions (sha256, text, created_at) VALUES (?1, ?2, ?3) ON CONFLICT (sha256) DO UPDATE SET created_at = excluded.created_at
