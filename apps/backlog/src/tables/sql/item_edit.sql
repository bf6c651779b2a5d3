UPDATE backlog_items
SET item = ?4, words = ?5, score = ?6, problems = ?7, flagged = ?8, edited = ?9, excluded = ?10, version = version + 1
WHERE run_id = ?1 AND key = ?2 AND version = ?3
