"""What bodies are described with."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """Base of what requests and answers have in their bodies.

    What checks a body is made when the first one comes: a process that starts pays for what it uses, and most bodies of
    answers are described for the document alone.
    """

    model_config = ConfigDict(defer_build=True)
