"""A program in Python that was written for TwoShot's own servers, in the ways of the class in the vendor's document."""

from pathlib import Path
from typing import Any

import requests


class TwoShotClient:
    """Sends everything as JSON but files; those it sends alone, without the name and visibility that go with them."""

    def __init__(self, base_url: str, token: str, ca: str) -> None:
        self.base_url, self.ca = base_url, ca
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def request(self, endpoint: str, method: str = "GET", data: Any = None, files: Any = None) -> Any:
        """The answer's JSON. Raises `requests.HTTPError` for any status that is an error."""
        headers = {name: value for name, value in self.headers.items() if not (files and name == "Content-Type")}
        answer = requests.request(
            method,
            self.base_url + endpoint,
            headers=headers,
            json=None if files else data,
            files=files,
            timeout=60,
            verify=self.ca,
        )
        answer.raise_for_status()
        return answer.json()

    def upload_sample(self, path: Path) -> Any:
        """A new sample."""
        with path.open("rb") as file:
            return self.request("/sample/audio", "POST", files={"file": file})
