"""The files that are bound into the jail. They import nothing of the course but each other."""
