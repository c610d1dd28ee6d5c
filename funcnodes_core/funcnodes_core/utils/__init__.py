"""Small tools without a home of their own: encoders, wrappers, nested dictionaries."""
