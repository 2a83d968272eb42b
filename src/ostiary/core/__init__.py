"""What is true: values and rules of sign-in. No await, no clock, no randomness.

Nothing here knows a wire protocol, a database or a library: standard library only.
"""
