"""Patchbay's own API and everybody's documents."""

from functions.dialects.native.routes import DIALECT
from functions.http.handler import lambda_handler

handler = lambda_handler(DIALECT)
