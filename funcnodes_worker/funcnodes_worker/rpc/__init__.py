"""What every server of ours needs: dialects, a method table, who may, an outbox per client; shared."""
