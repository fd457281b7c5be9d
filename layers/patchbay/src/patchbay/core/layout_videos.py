"""How videos lie in the table; `layout` lists these keys with all others."""

from patchbay.core import layout
from patchbay.domain.videos import Video
from patchbay.ports import Key, Put


def video_key(tenant_id: str, video_id: str) -> Key:
    """Key of a video."""
    return f"VIDEOS#{tenant_id}", video_id


def put_video(video: Video) -> Put:
    """Write of a video. One whose bytes never come is forgotten, as they are where they would have come to."""
    forget = video.created_at + layout.PENDING_KEPT if video.info is None else None
    return layout.put(video_key(video.tenant_id, video.id), "video", video, expires=forget)
