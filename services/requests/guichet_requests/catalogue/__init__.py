"""What administrators keep in order, and agents choose from: reasons, templates."""
