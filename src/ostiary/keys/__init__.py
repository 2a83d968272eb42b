"""Signing keys, sealed secrets, tokens and certificates: all cryptography of keys.

The only package that knows the JOSE library; no protocol rule and no storage here.
"""
