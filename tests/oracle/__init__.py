"""The diff held against the real API server's own dry run: what it calls changed, we call changed."""
