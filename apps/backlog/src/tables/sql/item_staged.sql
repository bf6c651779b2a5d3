UPDATE backlog_items SET staged_version = ?3 WHERE run_id = ?1 AND key = ?2
