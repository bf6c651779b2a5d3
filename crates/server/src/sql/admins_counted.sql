SELECT count(*) FROM server_users WHERE role = 'admin'
