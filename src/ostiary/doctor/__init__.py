"""What `ostiary doctor` looks at: one module for each part, functions that find.

Nothing here repairs or makes anything; what should be done is only said.
"""
