"""Published packages on our core: installed from the registry, run unmodified, their own tests included."""
