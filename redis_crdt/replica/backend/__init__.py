"""What a program may take for a replica, whatever its backend."""
