UPDATE destinations SET kind = ?2, settings = ?3, credential = ?4, changed_at = ?5 WHERE name = ?1
