"""Specifications to modules, and the names of known networks."""
