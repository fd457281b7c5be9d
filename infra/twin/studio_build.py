"""The studio's bundle, made when it is missing or older than its sources. The twin runs without it, and says why."""

import asyncio
import fcntl
import logging
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from infra.twin import processes
from infra.twin.toolchain import MissingTool, find_node, search_path

BUILD_S = 600
_SOURCES = ("index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", "src", "public")

logger = logging.getLogger("patchbay.twin")


class StudioBuild:
    """The bundle of `folder`, which holds its package.json, in `folder/dist`."""

    def __init__(self, folder: Path, environment: Mapping[str, str], log: Path) -> None:
        self._folder, self._environment, self._log = folder, environment, log
        self.why_absent = "It is being built; this page looks again by itself."

    @property
    def dist(self) -> Path:
        """Where the bundle is."""
        return self._folder / "dist"

    def current(self) -> bool:
        """Whether the bundle is there, and no source of it is newer."""
        made = self.dist / "index.html"
        return made.is_file() and made.stat().st_mtime >= max(path.stat().st_mtime for path in _files(self._folder))

    async def run(self) -> None:
        """Make the bundle if need be. What goes wrong is in the log, and on the page in the bundle's place."""
        if self.current():
            return
        try:
            node = find_node()
            with (self._folder.parent / ".npm.lock").open("a") as lock:
                await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)  # two twins of one checkout
                if not self.current():
                    await self._make(node)
        except MissingTool as error:
            self.why_absent = f"It could not be built. {error}"
            logger.warning("no studio: %s", error)

    async def _make(self, node: Path) -> None:
        npm = str(node.with_name("npm"))
        environment = {**self._environment, "PATH": search_path(node, self._environment)}
        lock = self._folder / "node_modules" / ".package-lock.json"
        if not lock.is_file() or lock.stat().st_mtime < (self._folder / "package-lock.json").stat().st_mtime:
            await self._step([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], environment)
        await self._step([npm, "run", "build"], environment)

    async def _step(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        try:
            process = processes.spawn(
                argv, environment=environment, log=self._log, cwd=self._folder, on_parent_death=signal.SIGKILL
            )
        except OSError as error:
            raise MissingTool(f"{argv[0]} cannot be run: {error}") from None
        try:
            status = await processes.wait(process, BUILD_S)
        finally:
            await processes.stop(process, grace_s=0)
        if status != 0:
            raise MissingTool(f"'npm {' '.join(argv[1:])}' failed in {self._folder}; its output is in {self._log}")


def _files(folder: Path) -> Iterator[Path]:
    for name in _SOURCES:
        place = folder / name
        if place.is_dir():
            yield from (path for path in place.rglob("*") if path.is_file())
        elif place.is_file():
            yield place
