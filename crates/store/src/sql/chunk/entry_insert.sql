INSERT INTO chunk_entries (run_id, lane, seq, body) VALUES (?1, ?2, ?3, ?4)
