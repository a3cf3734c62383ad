"""Audit: the append-only, hash-chained ledger that a procedure's record hangs on."""
