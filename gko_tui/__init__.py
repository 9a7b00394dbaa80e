"""The terminal and the command line of gko-tui: screens, keys, words and colours.

What the platform is and what differs in it is `reconciler`'s knowledge; nothing here decides a verdict.
"""
