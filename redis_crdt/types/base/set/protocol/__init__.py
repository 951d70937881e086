"""What Python's sets can that only reads, where calls are awaited and where they are not."""
