"""The Music.ai API."""

from functions.dialects.musicai.routes import DIALECT
from functions.http.handler import lambda_handler

handler = lambda_handler(DIALECT)
