DELETE FROM server_replies WHERE created_at < ?1
