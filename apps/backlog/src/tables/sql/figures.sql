SELECT COALESCE(SUM(flagged), 0),
    COALESCE(SUM(CASE WHEN edited = 1 AND (staged_version IS NULL OR staged_version < version) THEN 1 ELSE 0 END), 0)
FROM backlog_items WHERE run_id = ?1 AND (flagged = 1 OR edited = 1)
