raise RuntimeError("this package is broken on purpose")
