"""The request: the unit of work that an agent treats."""
