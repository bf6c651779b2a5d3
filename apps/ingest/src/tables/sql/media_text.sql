INSERT INTO media_text (rowid, name, prompt, captions, keywords) VALUES (?1, ?2, ?3, ?4, ?5)
