UPDATE server_users SET password = ?2 WHERE name = ?1
