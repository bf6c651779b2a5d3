-- Newest first, before number ?1; with ?2, ?3, ?4 somewhere in who, action and object; with result ?5.
SELECT seq, at, who, action, object, result, status, address, trace, hash
FROM server_audit
WHERE seq < ?1
  AND (?2 IS NULL OR lower(who) LIKE ?2 ESCAPE '\')
  AND (?3 IS NULL OR lower(action) LIKE ?3 ESCAPE '\')
  AND (?4 IS NULL OR lower(object) LIKE ?4 ESCAPE '\')
  AND (?5 IS NULL OR result = ?5)
ORDER BY seq DESC
LIMIT ?6
