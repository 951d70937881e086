"""``python -m redis_crdt`` is ``redis-crdt``."""

from redis_crdt.cli import main

if __name__ == "__main__":
    main()
