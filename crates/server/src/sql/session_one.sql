SELECT s.user_name, u.role, s.expires_at
FROM server_sessions AS s JOIN server_users AS u ON u.name = s.user_name
WHERE s.hash = ?1
