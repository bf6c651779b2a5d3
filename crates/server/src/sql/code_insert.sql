INSERT INTO server_codes (hash, user_name, created_at, used_at) VALUES (?1, ?2, ?3, NULL)
