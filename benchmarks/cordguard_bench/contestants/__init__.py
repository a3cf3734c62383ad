"""Who is measured: one file each, and the list of them."""
