"""How fast this is, as shares of what the machine itself can do: `make bench`."""
