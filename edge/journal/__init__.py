"""The journal: one SQLite file a site's line, one writer, read by everybody."""
