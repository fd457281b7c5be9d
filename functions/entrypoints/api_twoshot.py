"""The TwoShot API."""

from functions.dialects.twoshot.routes import DIALECT
from functions.http.handler import lambda_handler

handler = lambda_handler(DIALECT)
