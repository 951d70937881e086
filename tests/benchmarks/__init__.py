"""Everything that is measured, in one run: ``python -m tests.benchmarks``."""
