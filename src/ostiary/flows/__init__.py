"""What happens, in order: one short async function for each use case.

Flows fetch facts through ports and hand them to rules; they know no wire protocol.
"""
