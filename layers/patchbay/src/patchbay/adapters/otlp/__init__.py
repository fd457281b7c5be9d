"""Spans to wherever they are collected: OpenTelemetry Protocol 1, by HTTP."""
