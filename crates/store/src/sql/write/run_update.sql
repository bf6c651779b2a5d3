-- Guarded by the number of the newest event: a second writer finds no row and reloads.
UPDATE runs SET state = ?3, run_seq = ?4, body = ?5, started_at = ?6, ended_at = ?7 WHERE id = ?1 AND run_seq = ?2
