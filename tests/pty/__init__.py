"""Programs driven through a pseudo-terminal, as a person does."""
