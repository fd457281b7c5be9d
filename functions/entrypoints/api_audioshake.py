"""The AudioShake APIs."""

from functions.dialects.audioshake.routes import DIALECT
from functions.http.handler import lambda_handler

handler = lambda_handler(DIALECT)
