"""People, passwords, sessions, roles, the gate and the sign-in routes."""
