"""The embedded platform, room by room."""
