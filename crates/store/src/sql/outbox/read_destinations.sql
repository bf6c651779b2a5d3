SELECT name, kind, settings, credential, paused_code, paused_reason, paused_at FROM destinations ORDER BY name
