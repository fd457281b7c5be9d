"""The world outside, and this stage's limits: adapters, each made when it is first asked for."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urljoin

from patchbay.catalog import backends, prices
from patchbay.catalog.backends import Backend
from patchbay.catalog.costs import Rates
from patchbay.catalog.front import OBJECTS
from patchbay.catalog.models import Shelf
from patchbay.catalog.prices import Market, Prices
from patchbay.core.assets import Limits
from patchbay.core.budgets import Budgets
from patchbay.core.ends import Ends
from patchbay.core.holdings import Caps
from patchbay.domain.base import utc_now
from patchbay.domain.budgets import Budget
from patchbay.domain.errors import Unavailable
from patchbay.domain.tasks import ComputeClass
from patchbay.domain.users import Plan
from patchbay.ports import (
    AudioProvider,
    Bus,
    Clock,
    Executions,
    FilmProber,
    HeldKeys,
    Inventory,
    Launcher,
    NoticeQueue,
    Objects,
    Passwords,
    Records,
    SocketWire,
    SongAccounts,
    SongCatalogue,
    StemVendor,
    TaskQueues,
    Tokens,
    Web,
)
from patchbay.settings import Settings

if TYPE_CHECKING:
    from patchbay.adapters.aws.secrets import StageSecrets

OperatorSecret = Literal["door_secret", "spotify_client_id", "spotify_client_secret", "vault_key"]


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
    def rates(self) -> Rates:
        """What this stage's work costs."""
        told = self.settings
        chosen = backends.parse(told.launcher).items()
        markets: dict[ComputeClass, Market] = {
            name: "sagemaker" if backend.startswith("sagemaker") else told.machine_price for name, backend in chosen
        }
        return Rates(Prices(prices.parse(told.prices), told.price_scale), markets)

    @cached_property
    def budgets(self) -> Budgets:
        """What accounts may spend."""
        told = self.settings
        defaults: dict[Plan, Budget] = {
            "standard": Budget(told.budget_standard, told.budget_daily_standard),
            "premium": Budget(told.budget_premium, told.budget_daily_premium),
        }
        return Budgets(self.records, self.clock, defaults)

    @cached_property
    def ends(self) -> Ends:
        """Who brings jobs to their ends."""
        return Ends(self.records, self.clock, self.rates, self.budgets)

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

        told = self.settings
        if not told.front_objects:
            return Bucket(told.media_bucket, told.objects_url)
        return Bucket(told.media_bucket, front=told.public_url + OBJECTS, lengthless=told.ingest_max > 0)

    @cached_property
    def inventory(self) -> Inventory:
        """All that is stored, for the operator's own work."""
        from patchbay.adapters.aws.inventory import StageInventory

        return StageInventory(self.settings.table, self.settings.media_bucket)

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
        from patchbay.adapters.aws.launchers import ByClass

        chosen = backends.parse(self.settings.launcher)
        made = {backend: self._launcher(backend) for backend in set(chosen.values())}
        return ByClass({compute: made[backend] for compute, backend in chosen.items()})

    def _launcher(self, backend: Backend) -> Launcher:
        told = self.settings
        match backend:
            case "batch":
                from patchbay.adapters.aws.batch_launcher import BatchLauncher
                from patchbay.core import turns

                return BatchLauncher(
                    self.queues,
                    self.clock,
                    spot=_per_class(told, "batch_queue"),
                    on_demand=_per_class(told, "batch_on_demand"),
                    definitions=_per_class(told, "batch_definition"),
                    max_workers=told.max_workers,
                    spot_patience_s=told.spot_patience_s,
                    idle_s=told.idle_s,
                    my_turn=partial(turns.take, self.records, self.clock),
                )
            case "sagemaker":
                from patchbay.adapters.aws.sagemaker_launchers import ProcessingLauncher

                return ProcessingLauncher(
                    self.queues,
                    self.clock,
                    role_arn=told.sagemaker_role_arn,
                    images=_per_class(told, "sagemaker_image"),
                    environment=worker_environment(told),
                    max_workers=told.max_workers,
                    stage=told.stage,
                    idle_s=told.idle_s,
                )
            case "sagemaker-endpoint":
                from patchbay.adapters.aws.sagemaker_launchers import EndpointLauncher

                return EndpointLauncher(told.media_bucket, _per_class(told, "sagemaker_endpoint"))
            case "none":
                from patchbay.adapters.aws.launchers import NoLauncher

                return NoLauncher()

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
        if not self.settings.egress_function:
            return self.near_web
        from patchbay.adapters.aws.egress import FarWeb, invoke

        return FarWeb(invoke(self.settings.egress_function), self.near_web, self.objects)

    @cached_property
    def near_web(self) -> Web:
        """The same, by this process itself."""
        from patchbay.adapters.web.client import SafeWeb

        return SafeWeb(allow_private=self.settings.allow_private_urls, ca_file=self.settings.extra_ca or None)

    @cached_property
    def _kept_secrets(self) -> "tuple[StageSecrets, StageSecrets]":
        """Those of now, and those of before."""
        from patchbay.adapters.aws.secrets import StageSecrets

        return StageSecrets(self.settings.secrets), StageSecrets(self.settings.secrets_before)

    def secret(self, name: OperatorSecret) -> str:
        """One of the operator's secrets: as a setting, or from where the stage keeps them; empty for none.

        Raises `Unavailable`.
        """
        told: str = getattr(self.settings, name)
        return told or (self._kept_secrets[0].get(name) if self.settings.secrets else "")

    def door_secrets(self) -> Iterator[str]:
        """What the stage's door may say of itself: its secret, then what that was before. Raises `Unavailable`."""
        yield self.secret("door_secret")
        if self.settings.secrets_before:
            yield self._kept_secrets[1].get("door_secret")

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
        told, name, secret = self.settings, self.secret("spotify_client_id"), self.secret("spotify_client_secret")
        if not (name and secret):
            return None
        from patchbay.adapters.web.spotify import Spotify

        return Spotify(
            name,
            secret,
            api_url=told.spotify_api_url,
            accounts_url=told.spotify_accounts_url,
        )

    @cached_property
    def song_accounts(self) -> SongAccounts | None:
        """People's accounts there, where the operator has credentials for it."""
        told, name, secret = self.settings, self.secret("spotify_client_id"), self.secret("spotify_client_secret")
        if not (name and secret):
            return None
        from patchbay.adapters.web.spotify_accounts import SpotifyAccounts

        return SpotifyAccounts(
            name,
            secret,
            api_url=told.spotify_api_url,
            accounts_url=told.spotify_accounts_url,
        )

    @cached_property
    def stem_vendor(self) -> StemVendor:
        """LALAL.AI, for users who have a key for it."""
        from patchbay.adapters.web.client import SafeWeb
        from patchbay.adapters.web.lalal import LalalAI

        told = self.settings
        web = SafeWeb(told.allow_private_urls, timeout_s=120.0, total_s=3600.0, ca_file=told.extra_ca or None)
        return LalalAI(web, told.lalalai_url)

    @cached_property
    def held_keys(self) -> HeldKeys:
        """Where workers get the keys of those whose tasks they hold."""
        from patchbay.adapters.aws.held_keys import KeysFunction

        return KeysFunction(self.settings.keys_function)

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
        "keys_function",
        "lalalai_url",
        "otlp_endpoint",
    )
    given = {f"PATCHBAY_{name.upper()}": str(getattr(told, name)) for name in names}
    return {**given, "PATCHBAY_ALLOW_RESEARCH_WEIGHTS": str(told.allow_research_weights).lower()}


def _per_class(told: Settings, setting: str) -> dict[ComputeClass, str]:
    return {"gpu": getattr(told, f"{setting}_gpu"), "cpu": getattr(told, f"{setting}_cpu")}
