INSERT INTO feed (id, value, epoch) VALUES (1, 0, ?1) ON CONFLICT (id) DO NOTHING
