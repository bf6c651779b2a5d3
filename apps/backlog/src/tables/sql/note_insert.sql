INSERT INTO backlog_notes (run_id, n, note) VALUES (?1, ?2, ?3) ON CONFLICT (run_id, n) DO NOTHING
