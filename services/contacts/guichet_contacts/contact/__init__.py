"""A person in the customer base: rules, documents, use cases, routes."""
