"""Log lines, generated in the shapes of real programs or read from files."""
