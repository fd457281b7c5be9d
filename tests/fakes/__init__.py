"""In-memory ports, as strict as the real ones where it matters: conditions, order, tenancy of keys."""
