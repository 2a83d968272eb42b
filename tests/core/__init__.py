"""The rules of `ostiary.core`, module by module, as plain tables."""
