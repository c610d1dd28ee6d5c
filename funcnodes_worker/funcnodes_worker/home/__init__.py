"""Where things stand: the base folder, the homes of workers, their settings; shared with the manager."""
