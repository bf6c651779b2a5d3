SELECT path, name, size, mtime_ns, sha256 FROM media WHERE id = ?1
