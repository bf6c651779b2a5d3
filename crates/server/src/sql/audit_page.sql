-- Newest first, before number ?1; with ?2, ?3, ?4 somewhere in who, action and object; with result ?5.
SELECT seq, at, who, action, object, result, status, address, trace, hash
FROM server_audit
WHERE seq < ?1
  AND (lower(who) LIKE ?2 ESCAPE '\' OR ?2 IS NULL)
  AND (lower(action) LIKE ?3 ESCAPE '\' OR ?3 IS NULL)
  AND (lower(object) LIKE ?4 ESCAPE '\' OR ?4 IS NULL)
  AND (result = ?5 OR ?5 IS NULL)
ORDER BY seq DESC
LIMIT ?6
