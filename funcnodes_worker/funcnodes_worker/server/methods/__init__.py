"""The worker's methods, one page per noun."""
