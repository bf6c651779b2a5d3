SELECT seq, at, who, action, object, result, status, address, trace, hash
FROM server_audit
WHERE seq > ?1
ORDER BY seq
LIMIT ?2
