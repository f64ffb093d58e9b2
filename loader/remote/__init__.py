"""Object stores and servers: what lies at an address, and what lost it."""
