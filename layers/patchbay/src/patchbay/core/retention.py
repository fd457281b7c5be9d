"""Files whose time is over: their bytes go within about an hour, themselves at once."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from patchbay.core import layout
from patchbay.core.assets import Assets
from patchbay.core.sweeps import found_in, sweep
from patchbay.domain.assets import Asset
from patchbay.ports import Clock, Records

LOOK_BACK = timedelta(hours=2)
"""How long a stretch of time is looked at after it ended: the index lags a little, and clocks may differ."""
FIRST_LOOK_BACK = timedelta(days=31)
"""How far back the very first sweep looks."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Retention:
    """Removes what is kept no longer."""

    records: Records
    assets: Assets
    clock: Clock

    def sweep(self) -> dict[str, int]:
        """Remove every asset whose time is over, with its bytes. Repeating it changes nothing."""
        now = self.clock.now()
        done = {"removed": 0, "trouble": 0}

        def look(number: int) -> int:
            waiting = 0
            for stored in found_in(self.records, layout.kept_partitions(number)):
                asset = layout.entity(Asset, stored)
                ends = layout.ends_at(asset)
                if ends is None or layout.kept_number(ends) != number:
                    continue
                waiting += 1
                if ends <= now:
                    done["removed" if self._removed(asset) else "trouble"] += 1
            return waiting

        sweep(
            self.records,
            "assets",
            first=layout.kept_number(now - FIRST_LOOK_BACK),
            last=layout.kept_number(now),
            settled=layout.kept_number(now - LOOK_BACK),
            look=look,
        )
        return done

    def _removed(self, asset: Asset) -> bool:
        """Whether it could be removed; what could not keeps nothing else from it, and is found again."""
        try:
            # Whoever wants to keep it has read it before its time was over: one of the two is too late.
            ended = asset.model_copy(update={"keep_until": layout.ends_at(asset)})
            self.records.write(layout.put_asset(ended))
            self.assets.remove(ended)
        except Exception:  # noqa: BLE001 - logged, whatever it is
            _log.exception("asset not removed; the next sweep tries again", extra={"asset_id": asset.id})
            return False
        return True
