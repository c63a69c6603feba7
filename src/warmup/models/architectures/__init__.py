"""Networks by architecture, one file each.

A module here has MODEL, a `LanguageModel` class; its name is the `architecture` of a model
entry.
"""
