"""Events that Guichet's services publish: models only, one module for each publishing service."""
