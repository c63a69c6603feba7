"""What tests share: small worlds to test in."""
