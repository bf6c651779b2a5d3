UPDATE server_users SET role = ?2 WHERE name = ?1
