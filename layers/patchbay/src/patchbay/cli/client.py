"""A client of a deployment: of the Music.ai API, which each serves under `/v1`, and of Patchbay's own.

Reads are tried again when the network or the server fails for a moment. An order is sent again only where it cannot
have been taken: the connection was never made, or the server said so.
"""

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from patchbay.cli.failures import CommandFailed

Job = Mapping[str, Any]
"""A job as the API tells it."""
Report = Callable[[float], None]
"""Takes a share done, 0 to 1."""

PAGE = 100
"""Things on a page of a list."""
BLOCK_BYTES = 256 * 1024
ATTEMPTS = 4
POLL_S = (0.25, 2.0)
"""First and longest pause between two looks at a job."""
TIMEOUT = httpx.Timeout(30.0, connect=10.0, write=120.0, read=120.0)
OVER = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
_BUSY = frozenset({429, 502, 503, 504})
_NEVER_TAKEN = frozenset({429, 503})


class ApiError(CommandFailed):
    """The API refused or could not be reached; `status` is 0 where there was no answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Client:
    """One connection to one deployment, for one key."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        ca: Path | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`ca`: the only authority to trust, for a local twin; the system's if left out."""
        verify: ssl.SSLContext | bool = ssl.create_default_context(cafile=str(ca)) if ca else True
        self._url = url.rstrip("/")
        # Raw as the Music.ai API wants it; the other as Patchbay's own API does.
        self._headers = {"Authorization": key, "X-API-Key": key}
        self._sleep = sleep
        # A proxy of the surroundings must not stand between us and this machine's own twin.
        self._http = httpx.Client(verify=verify, timeout=TIMEOUT, transport=transport, trust_env=ca is None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def upload(self, path: Path, report: Report = lambda share: None) -> str:
        """Send a file to the store; returns the address by which a job may name it."""
        size = path.stat().st_size
        for attempt in range(ATTEMPTS):
            links = self._call("GET", "/v1/upload")
            try:
                # The key stays out of this request: the address is signed, and may be another host's.
                answer = self._http.put(
                    links["uploadUrl"],
                    content=_blocks(path, size, report),
                    headers={"Content-Length": str(size)},
                )
            except httpx.TransportError as error:
                if attempt == ATTEMPTS - 1:
                    raise ApiError(f"the upload of {path.name} broke off: {_reason(error)}") from None
            else:
                if answer.is_success:
                    return str(links["downloadUrl"])
                if answer.status_code not in _BUSY or attempt == ATTEMPTS - 1:
                    raise ApiError(f"the upload of {path.name} was refused: {_told(answer)}", answer.status_code)
            self._pause(attempt)
        raise AssertionError("unreachable")

    def submit(self, workflow: str, params: Mapping[str, Any], *, name: str) -> str:
        """Order a job; returns its id."""
        order = {"name": name, "workflow": workflow, "params": dict(params)}
        return str(self._call("POST", "/v1/job", order)["id"])

    def job(self, job_id: str) -> Job:
        """One job."""
        found: Job = self._call("GET", f"/v1/job/{inside(job_id)}")
        return found

    def jobs(self, filters: Mapping[str, Any]) -> list[Job]:
        """Jobs, newest first."""
        found: list[Job] = self._call("GET", "/v1/job", query=filters)
        return found

    def delete(self, job_id: str) -> None:
        """Forget a job; one that runs is cancelled."""
        self._call("DELETE", f"/v1/job/{inside(job_id)}")

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """Whatever else the deployment tells at a path, in whichever dialect."""
        return self._call("GET", path, query=query)

    def all(
        self, path: str, items: str, query: Mapping[str, Any] | None = None, *, most: int | None = None
    ) -> list[Any]:
        """Every item of a list of Patchbay's own API, or the first `most`, page by page."""
        found: list[Any] = []
        cursor: str | None = None
        while most is None or len(found) < most:
            limit = PAGE if most is None else min(PAGE, most - len(found))
            page = self._call(
                "GET", path, query={**(query or {}), "limit": limit, **({"cursor": cursor} if cursor else {})}
            )
            found += page[items]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        return found

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Whatever else it does at a path: `method` is POST, PATCH or DELETE."""
        return self._call(method, path, body)

    def wait(self, job_id: str, report: Callable[[Job], None] = lambda job: None) -> Job:
        """Look at a job until it is over."""
        pause = POLL_S[0]
        while True:
            job = self.job(job_id)
            report(job)
            if job["status"] in OVER:
                return job
            self._sleep(pause)
            pause = min(pause * 1.3, POLL_S[1])

    def download(self, url: str, path: Path, report: Report = lambda share: None) -> None:
        """Fetch a result to a file, which appears only when it is whole."""
        partial = path.with_name(path.name + ".part")
        try:
            for attempt in range(ATTEMPTS):
                try:
                    return self._fetch(url, partial, path, report)
                except httpx.TransportError as error:
                    if attempt == ATTEMPTS - 1:
                        raise ApiError(f"the download of {path.name} broke off: {_reason(error)}") from None
                except ApiError as error:
                    if error.status not in _BUSY or attempt == ATTEMPTS - 1:
                        raise
                self._pause(attempt)
        finally:
            partial.unlink(missing_ok=True)

    def _fetch(self, url: str, partial: Path, path: Path, report: Report) -> None:
        with self._http.stream("GET", url) as answer:
            if not answer.is_success:
                answer.read()
                raise ApiError(f"the download of {path.name} was refused: {_told(answer)}", answer.status_code)
            size = int(answer.headers.get("Content-Length", 0))
            with partial.open("wb") as file:
                for block in answer.iter_bytes(BLOCK_BYTES):
                    file.write(block)
                    report(answer.num_bytes_downloaded / size if size else 0.0)
        partial.replace(path)
        report(1.0)

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, query: Mapping[str, Any] | None = None
    ) -> Any:
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            try:
                answer = self._http.request(method, self._url + path, json=body, params=query, headers=self._headers)
            except httpx.TransportError as error:
                safe = method != "POST" or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if last or not safe:
                    raise ApiError(f"{self._url} does not answer: {_reason(error)}") from None
            except httpx.InvalidURL as error:
                raise ApiError(f"{self._url} is no address: {error}") from None
            else:
                if answer.is_success:
                    return _body(answer)
                again = _NEVER_TAKEN if method == "POST" else _BUSY
                if last or answer.status_code not in again:
                    raise ApiError(_told(answer), answer.status_code)
            self._pause(attempt)
        raise AssertionError("unreachable")

    def _pause(self, attempt: int) -> None:
        self._sleep(0.5 * 2**attempt)


def goes_on(error: ApiError, job_id: str) -> ApiError:
    """An error while a job was waited for: where it was not the API that refused, the job goes on without us."""
    if 400 <= error.status < 500 and error.status not in _BUSY:
        return error
    return ApiError(f"{error}; job {job_id} goes on, see: patchbay job {job_id}", error.status)


def check_folder(folder: Path) -> None:
    """Raises `CommandFailed` where no folder can be: before work is ordered that nobody could put down."""
    for at in (folder, *folder.parents):
        if at.exists():
            if not at.is_dir():
                raise CommandFailed(f"{at} is no folder; say by -o where the files are to go")
            return


def inside(name: str) -> str:
    """A name as one part of a path, so that none can leave its place in it."""
    return quote(name, safe="")


def file_name(result: str, url: str) -> str:
    """Name of the file for a result: its own name with the extension of the address's path, nothing that leaves."""
    safe = "".join(c if c.isalnum() or c in " -_" else "_" for c in result).strip() or "result"
    suffix = Path(urlsplit(url).path).suffix
    return safe + (suffix if suffix[1:].isalnum() else "")


def results(job: Job) -> tuple[dict[str, str], dict[str, Any]]:
    """A job's results: addresses to download, and plain values."""
    given: Mapping[str, Any] = job.get("result") or {}
    urls = {name: v for name, v in given.items() if isinstance(v, str) and v.startswith(("https://", "http://"))}
    return urls, {name: value for name, value in given.items() if name not in urls}


def why_failed(job: Job) -> str:
    """The reason that a failed job gives."""
    error: Mapping[str, Any] = job.get("error") or {}
    return str(error.get("message") or error.get("title") or error.get("code") or "no reason was given")


def _blocks(path: Path, size: int, report: Report) -> Iterator[bytes]:
    sent = 0
    with path.open("rb") as file:
        # Never more than was announced, should the file grow meanwhile.
        while block := file.read(min(BLOCK_BYTES, size - sent)):
            yield block
            sent += len(block)
            report(sent / size)


def _body(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise ApiError(f"{answer.request.url} did not answer JSON; is it a Patchbay?", answer.status_code) from None


def _told(answer: httpx.Response) -> str:
    """What an error answer says, whichever form it has."""
    try:
        body = answer.json()
    except ValueError:
        return f"HTTP {answer.status_code} {answer.reason_phrase}"
    if isinstance(body, dict):
        faults = body.get("errors")
        if isinstance(faults, list) and len(faults) > 1:
            return "; ".join(f"{fault['field']}: {fault['message']}" for fault in faults)
        for name in ("message", "detail", "title", "error"):
            value = body.get(name)
            if isinstance(value, dict):
                value = value.get("message") or value.get("title")
            if value:
                return str(value)
    return f"HTTP {answer.status_code} {answer.reason_phrase}"


def _reason(error: httpx.TransportError) -> str:
    text = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "its certificate is not trusted (for a local twin, see: patchbay ca)"
    return text
