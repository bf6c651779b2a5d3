-- Proves that no later try has taken the chunk over; ?5 is 1 with its last commit.
UPDATE chunks SET done = ?5 WHERE run_id = ?1 AND lane = ?2 AND number = ?3 AND worker = ?4 AND done = 0
