"""HTTP to addresses that users gave."""
