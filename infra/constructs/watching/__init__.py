"""Alarms, the topic that tells of them, the dashboard, and saved queries: all that watches a stage."""
