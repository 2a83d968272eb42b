"""The wire of the Microsoft identity platform v2.0, v1.0 and its ADFS form.

Contract: statuses, fields, codes and texts are this package's own tables.
"""
