"""Tests of the harness itself; the function's own are in /tests."""
