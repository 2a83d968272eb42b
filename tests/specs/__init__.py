"""The sentences of the documents that Ostiary follows, each as one test.

The ledger docs/rules.md names every test here; `house` runs requests in process.
"""
