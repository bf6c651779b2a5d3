INSERT INTO media_keywords (media_id, keyword, kind, label, weight) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (media_id, keyword, kind) DO NOTHING
