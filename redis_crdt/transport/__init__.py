"""How operations reach a server: scripts, Cluster, connections, feeds that are waited for."""
