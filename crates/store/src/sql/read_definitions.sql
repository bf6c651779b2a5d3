SELECT hash, body FROM definitions WHERE hash IN (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
