INSERT INTO server_audit (seq, at, who, action, object, result, status, address, trace, hash)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
