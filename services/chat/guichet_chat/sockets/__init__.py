"""The sockets of customers and agents: frames in, use cases, frames out."""
