"""The function, the blueprint it takes the place of, and the floor under both, measured side by side on one machine."""
