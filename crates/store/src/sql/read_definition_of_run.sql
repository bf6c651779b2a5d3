SELECT d.hash, d.body FROM runs AS r JOIN definitions AS d ON d.hash = r.definition WHERE r.id = ?1
