"""How large regions become, and what crosses between them: on replicas in memory, by a clock of
the simulation's own."""
