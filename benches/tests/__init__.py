"""Tests of the benchmark itself. The function's own tests are in /tests."""
