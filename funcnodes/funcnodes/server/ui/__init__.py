"""The UI server: one origin for the browser, relayed to manager and workers."""
