"""The worker's process: its two threads, its life, its log, its line to the supervisor."""
