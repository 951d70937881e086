"""What Python's maps can, where calls are awaited and where they are not."""
