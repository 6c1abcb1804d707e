"""The real servers, each with a private folder and private ports, so that any number can run side by side."""
