"""What tests share: waiting for conditions, leak checks, fixtures of other programs (broker, store, browser)."""
