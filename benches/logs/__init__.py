"""Log lines, made up in the shapes that programs log."""
