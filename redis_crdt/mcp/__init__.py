"""What agents can be told to do, for clients of the Model Context Protocol."""
