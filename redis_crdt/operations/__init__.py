"""What is asked of servers: operations as values, which blocking and asyncio clients share."""
