-- Admins who can sign in: by a password, or because they once had a one-time code. Those whom the program makes for itself
-- (the command line, whoever is on this machine in development) cannot.
SELECT count(*) FROM server_users AS u
WHERE u.role = 'admin' AND (u.password IS NOT NULL
    OR EXISTS (SELECT 1 FROM server_codes AS c WHERE c.user_name = u.name AND c.used_at IS NOT NULL))
