"""Real servers on loopback for tests and benchmarks, one module each.

What the clients under test need stands in tests/clients.
"""
