INSERT INTO backlog_items (run_id, key, parent, kind, level, position, sort, item, words, score, problems, attempts, flagged)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
ON CONFLICT (run_id, key) DO NOTHING
