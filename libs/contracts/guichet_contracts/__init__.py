"""Events that Guichet's services publish: models only."""
