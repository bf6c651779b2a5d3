DELETE FROM media_keywords WHERE media_id = ?1
