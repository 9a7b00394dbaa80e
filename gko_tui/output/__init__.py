"""How the command line writes: tables for people, versioned documents for programs."""
