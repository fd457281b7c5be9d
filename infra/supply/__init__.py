"""What this product is made of: lists of it, their licences, and what is known against them."""
