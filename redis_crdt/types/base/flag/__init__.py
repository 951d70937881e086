"""What both flags are: a register of true and false that keeps concurrent writes, and a reading."""
