"""Random schedules of writes, pulls and servers that forget, each reproduced by its seed."""
