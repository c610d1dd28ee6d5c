"""The worker's server: its methods, one page per noun, and the aiohttp application around them."""
