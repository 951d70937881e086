"""A replica's own connections, made with its client's settings."""
