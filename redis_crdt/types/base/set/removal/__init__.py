"""What Python's sets can that removes, where calls are awaited and where they are not."""
