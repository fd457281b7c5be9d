"""What runs in Lambda: entry points, the dialects they speak, and the HTTP layer under those."""
