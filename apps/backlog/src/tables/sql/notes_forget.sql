DELETE FROM backlog_notes WHERE run_id = ?1
