"""Measures the function, the blueprint that it replaces, and the floor, side by side on one machine."""
