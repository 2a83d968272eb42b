"""Unmodified client libraries, each set in an environment of its own.

What they are made to do stands in tests/wire.
"""
