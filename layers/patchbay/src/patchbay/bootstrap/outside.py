"""The world outside, and this stage's limits: adapters, each made when it is first asked for."""

import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from urllib.parse import urljoin

from patchbay.catalog.models import Shelf
from patchbay.core.assets import Limits
from patchbay.core.holdings import Caps
from patchbay.domain.base import utc_now
from patchbay.domain.errors import Unavailable
from patchbay.domain.tasks import ComputeClass
from patchbay.domain.users import Plan
from patchbay.ports import (
    AudioProvider,
    Bus,
    Clock,
    Executions,
    FilmProber,
    Launcher,
    NoticeQueue,
    Objects,
    Passwords,
    Records,
    SocketWire,
    SongAccounts,
    SongCatalogue,
    TaskQueues,
    Tokens,
    Web,
)
from patchbay.settings import Settings


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """See `Clock`."""
        return utc_now()


@dataclass(frozen=True)
class Outside:
    """What the product needs of the world."""

    settings: Settings

    @cached_property
    def clock(self) -> Clock:
        """The time."""
        return SystemClock()

    @cached_property
    def shelf(self) -> Shelf:
        """The models that may run here."""
        return Shelf(self.settings.installed_models, self.settings.allow_research_weights)

    @cached_property
    def limits(self) -> Limits:
        """What this stage takes."""
        told = self.settings
        kept = timedelta(days=told.uploads_kept_days) or None
        standard = Caps(told.quota_files, told.quota_gb * 1024**3, told.quota_jobs)
        caps: dict[Plan, Caps] = {"standard": standard, "premium": standard.scaled(told.quota_premium)}
        return Limits(told.max_upload_bytes, told.max_duration_s, told.upload_ttl_s, told.link_ttl_s, kept, caps)

    @cached_property
    def retention(self) -> timedelta:
        """How long results are kept."""
        return timedelta(days=self.settings.retention_days)

    @cached_property
    def records(self) -> Records:
        """The table."""
        from patchbay.adapters.aws.table import Table

        return Table(self.settings.table)

    @cached_property
    def objects(self) -> Objects:
        """The media bucket."""
        from patchbay.adapters.aws.objects import Bucket

        return Bucket(self.settings.media_bucket, self.settings.objects_url)

    @cached_property
    def executions(self) -> Executions:
        """The state machine."""
        from patchbay.adapters.aws.executions import StateMachine

        return StateMachine(self.settings.state_machine_arn)

    @cached_property
    def queues(self) -> TaskQueues:
        """The task queues."""
        from patchbay.adapters.aws.queues import Queues

        return Queues(_per_class(self.settings, "queue_url"))

    @cached_property
    def launcher(self) -> Launcher:
        """How workers are started."""
        from patchbay.adapters.aws import launchers

        told = self.settings
        if told.launcher == "batch":
            queues, definitions = _per_class(told, "batch_queue"), _per_class(told, "batch_definition")
            return launchers.BatchLauncher(self.queues, queues, definitions, told.max_workers)
        if told.launcher == "sagemaker":
            return launchers.SageMakerLauncher(
                self.queues,
                told.sagemaker_role_arn,
                _per_class(told, "sagemaker_image"),
                {"gpu": "ml.g5.xlarge", "cpu": "ml.m5.xlarge"},
                worker_environment(told),
                told.max_workers,
                told.stage,
            )
        return launchers.NoLauncher()

    @cached_property
    def bus(self) -> Bus:
        """The event bus."""
        from patchbay.adapters.aws.bus import EventBus

        return EventBus(self.settings.bus_name)

    @cached_property
    def notice_queue(self) -> NoticeQueue:
        """The queue of attempts to reach receivers."""
        from patchbay.adapters.aws.notices import NoticeMessages

        return NoticeMessages(self.settings.notice_queue_url, self.settings.dead_notice_queue_url)

    @cached_property
    def web(self) -> Web:
        """HTTP to users' addresses."""
        from patchbay.adapters.web.client import SafeWeb

        return SafeWeb(allow_private=self.settings.allow_private_urls, ca_file=self.settings.extra_ca or None)

    @cached_property
    def film_prober(self) -> FilmProber:
        """What looks at films."""
        from patchbay.adapters.media.film_probe import ChildFilmProber

        return ChildFilmProber()

    @cached_property
    def socket_wire(self) -> SocketWire:
        """The WebSocket API."""
        from patchbay.adapters.aws.sockets import WebSocketApi

        # The emulator's place is known to its Lambdas alone, as that of all services; in the cloud this is a whole URL.
        return WebSocketApi(urljoin(os.environ.get("AWS_ENDPOINT_URL", ""), self.settings.socket_endpoint))

    @cached_property
    def song_catalogue(self) -> SongCatalogue | None:
        """Spotify, where the operator has credentials for it."""
        told = self.settings
        if not (told.spotify_client_id and told.spotify_client_secret):
            return None
        from patchbay.adapters.web.spotify import Spotify

        return Spotify(
            told.spotify_client_id,
            told.spotify_client_secret,
            api_url=told.spotify_api_url,
            accounts_url=told.spotify_accounts_url,
        )

    @cached_property
    def song_accounts(self) -> SongAccounts | None:
        """People's accounts there, where the operator has credentials for it."""
        told = self.settings
        if not (told.spotify_client_id and told.spotify_client_secret):
            return None
        from patchbay.adapters.web.spotify_accounts import SpotifyAccounts

        return SpotifyAccounts(
            told.spotify_client_id,
            told.spotify_client_secret,
            api_url=told.spotify_api_url,
            accounts_url=told.spotify_accounts_url,
        )

    @cached_property
    def audio_providers(self) -> tuple[AudioProvider, ...]:
        """Those who have the audio of songs, in the order in which they are asked."""
        found: list[AudioProvider] = []
        for name in self.settings.provider_names:
            if name == "library" and self.settings.audio_library:
                from patchbay.adapters.aws.library import BucketFolder
                from patchbay.core.library import Library

                folder = BucketFolder(self.settings.audio_library, self.settings.objects_url)
                found.append(Library(folder, self.clock))
            elif name == "yt-dlp":
                from patchbay.adapters.media.ytdlp import YtDlp

                found.append(YtDlp())
        return tuple(found)

    @cached_property
    def passwords(self) -> Passwords:
        """The user pool."""
        from patchbay.adapters.aws.cognito import UserPool

        told = self.settings
        return UserPool(told.user_pool_id, told.user_pool_client_id, told.verify_email)

    @cached_property
    def tokens(self) -> Tokens:
        """What checks the user pool's tokens."""
        from patchbay.adapters.aws import cognito
        from patchbay.adapters.jose.verifier import JwtVerifier

        pool_id = self.settings.user_pool_id
        keys = partial(cognito.published_keys, pool_id)
        return JwtVerifier(cognito.issuer(pool_id), self.settings.user_pool_client_id, keys, self.clock)

    def fetch_weights(self, name: str, path: Path) -> None:
        """Copy a file of the `weights` setting, named relative to it, to `path`; what it is worth, the caller checks.

        Raises FileNotFoundError if it is not there, `Unavailable` where this process knows of no place at all: another
        worker may.
        """
        place = self.settings.weights
        if not place:
            raise Unavailable("this worker knows of no weights (PATCHBAY_WEIGHTS is not set)")
        if place.startswith("s3://"):
            from patchbay.adapters.aws import weights

            weights.download(place, name, path)
        else:
            shutil.copyfile(Path(place) / name, path)


def worker_environment(told: Settings) -> dict[str, str]:
    """The environment that a worker of this deployment needs."""
    names = (
        "stage",
        "table",
        "media_bucket",
        "weights",
        "models",
        "state_machine_arn",
        "queue_url_gpu",
        "queue_url_cpu",
        "retention_days",
    )
    given = {f"PATCHBAY_{name.upper()}": str(getattr(told, name)) for name in names}
    return {**given, "PATCHBAY_ALLOW_RESEARCH_WEIGHTS": str(told.allow_research_weights).lower()}


def _per_class(told: Settings, setting: str) -> dict[ComputeClass, str]:
    return {"gpu": getattr(told, f"{setting}_gpu"), "cpu": getattr(told, f"{setting}_cpu")}
