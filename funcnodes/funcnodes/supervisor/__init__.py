"""The one owner of the fleet of a base folder: knows the workers, carries out what their lives decide."""
