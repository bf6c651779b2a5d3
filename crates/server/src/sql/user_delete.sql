-- The last admin stays.
DELETE FROM server_users
WHERE name = ?1 AND (role <> 'admin' OR (SELECT count(*) FROM server_users WHERE role = 'admin') > 1)
