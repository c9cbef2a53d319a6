"""LINE.toml and SITE.toml as values without errors, or every error at once."""
