"""Heat and current in tissue: pure physics that steps by seconds and knows no clock."""
