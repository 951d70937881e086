"""An agent, which is told what to do by name, as by a language model."""
