"""Pure values that every room of the engine speaks: no I/O, no clock, no event loop."""
