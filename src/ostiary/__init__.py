"""Ostiary: a self-hosted identity server for password sign-in."""

__version__ = "0.1.0"
