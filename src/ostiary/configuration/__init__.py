"""The configuration file and the values of the core, translated both ways.

`settings` says how the file is written; here it gets its meaning.
"""
