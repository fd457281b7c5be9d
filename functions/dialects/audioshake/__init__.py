"""AudioShake's two APIs: the legacy Jobs API (one model a job) and the Tasks API (several models on one file)."""
