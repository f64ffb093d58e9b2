"""Object stores and servers: what is at an address, and why it cannot be reached."""
