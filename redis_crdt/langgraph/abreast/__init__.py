"""Several calls at once, where calls are awaited; else one after the other."""
