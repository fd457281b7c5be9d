"""The SoundForge API."""

from functions.dialects.soundforge.routes import DIALECT
from functions.http.handler import lambda_handler

handler = lambda_handler(DIALECT)
