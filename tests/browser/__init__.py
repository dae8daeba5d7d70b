"""Tests that drive real notebooks in a real browser."""
