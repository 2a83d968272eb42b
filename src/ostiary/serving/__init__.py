"""The parts of the server: listeners, TLS, one connection, one worker, the supervisor.

`ostiary.server` puts them together; nothing here knows what is served.
"""
