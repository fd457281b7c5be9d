"""The Beatoven API."""

from functions.dialects.beatoven.routes import DIALECT
from functions.http.handler import lambda_handler

handler = lambda_handler(DIALECT)
