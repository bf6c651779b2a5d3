DELETE FROM events WHERE feed_seq IN (SELECT feed_seq FROM events WHERE run_id = ?1 LIMIT ?2)
