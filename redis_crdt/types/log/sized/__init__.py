"""What Python asks of a log, where calls are awaited and where they are not."""
