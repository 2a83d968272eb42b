"""What `ostiary demo` is made of: its instance, a sign-in to it, texts to show.

The command itself is `ostiary.cli.demo`; nothing here serves or changes a store.
"""
