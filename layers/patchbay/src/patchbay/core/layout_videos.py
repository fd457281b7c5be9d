"""How videos lie in the table; `layout` lists these keys with all others."""

from datetime import datetime, timedelta

from patchbay.core import layout
from patchbay.domain.videos import Video
from patchbay.ports import Key, Put

LETS_GO = timedelta(hours=1)
"""So long after a video was forgotten a request that had begun before may still be at it."""
SWEPT_WITHIN = timedelta(days=7)
"""How long the sweep has to find it; after that the store drops the record, whatever else there is."""


def video_key(tenant_id: str, video_id: str) -> Key:
    """Key of a video."""
    return f"VIDEOS#{tenant_id}", video_id


def left_partition(number: int) -> str:
    """Partition of `by_open` of the videos that are to be swept in a stretch of `layout.KEPT_S` seconds."""
    return f"LEFT#{number}"


def swept_at(video: Video) -> datetime:
    """When what is left of a video is to go whose bytes never came, or were never looked at to the end."""
    return video.created_at + layout.PENDING_KEPT + LETS_GO


def put_video(video: Video) -> Put:
    """Write of a video. One whose bytes never come is forgotten, as they are where they would have come to."""
    key = video_key(video.tenant_id, video.id)
    if video.info is not None:
        return layout.put(key, "video", video)
    at = swept_at(video)
    left = {"by_open": left_partition(layout.kept_number(at))}
    return layout.put(key, "video", video, indexes=left, expires=at + SWEPT_WITHIN)
