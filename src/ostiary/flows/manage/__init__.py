"""What administrators do: configuration as code, users, consents, keys.

The same use cases serve the command line, the admin API and the pages.
"""
