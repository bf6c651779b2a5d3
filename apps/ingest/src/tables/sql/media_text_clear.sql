DELETE FROM media_text WHERE rowid = ?1
