SELECT request, status, location, body FROM server_replies WHERE principal = ?1 AND key = ?2
