"""The wire of Auth0: the legacy `/oauth/ro`, today's `/oauth/token`, what is around.

Contract: statuses, fields, codes and texts are this package's own tables.
"""
