"""What tests share: waiting for conditions, leak checks, and the fixtures of other programs (broker, store, browser)."""
