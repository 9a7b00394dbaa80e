"""What the terminal decides without drawing: words, filters, order, columns, diffs, themes."""
