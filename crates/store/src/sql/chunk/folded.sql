DELETE FROM chunk_entries WHERE run_id = ?1 AND lane = ?2 AND seq <= ?4
  AND EXISTS (SELECT 1 FROM chunks WHERE chunks.run_id = ?1 AND chunks.lane = ?2 AND chunks.number = ?3)
