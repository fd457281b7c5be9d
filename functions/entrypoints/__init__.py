"""One small file per Lambda, each with a `handler(event, context)`."""
