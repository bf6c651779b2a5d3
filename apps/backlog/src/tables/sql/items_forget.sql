DELETE FROM backlog_items WHERE run_id = ?1 AND key IN (SELECT key FROM backlog_items WHERE run_id = ?1 LIMIT ?2)
