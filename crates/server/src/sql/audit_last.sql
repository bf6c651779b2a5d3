SELECT seq, hash FROM server_audit ORDER BY seq DESC LIMIT 1
