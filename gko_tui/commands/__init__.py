"""What can be typed after `gko-tui`: one table, and one module for each verb."""
