"""The screens of the terminal: one module and one `.tcss` of the same name each."""
