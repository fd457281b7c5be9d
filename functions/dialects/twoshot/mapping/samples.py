"""Samples in the words of the TwoShot API. Links are made anew for each answer."""

from typing import Any

from functions.dialects.twoshot.mapping.times import iso
from functions.dialects.twoshot.mapping.users import MakeLink
from patchbay.domain.folders import Folder
from patchbay.domain.samples import Sample, SampleState


def made(found: Sample) -> dict[str, Any]:
    """A new sample."""
    return {"sampleId": found.number, "audioId": found.asset_id, "processing": processing(found)}


def sample(found: Sample, owner_number: int) -> dict[str, Any]:
    """A sample without what belongs to it."""
    return {
        "id": found.number,
        "name": found.name,
        "created": iso(found.created_at),
        "audioId": found.asset_id,
        "ownerId": owner_number,
        "parentFolderId": found.folder_number,
        "public": found.public,
        "scale": found.scale or None,
        "imageId": found.art_number if found.art_key else None,
    }


def audio_info(found: Sample) -> dict[str, Any]:
    """What is known of a sample's audio."""
    return {
        "id": found.asset_id,
        "duration": found.duration_s,
        "bpm": found.bpm,
        "free": found.free,
        "licenceId": found.licence_id,
    }


def item(found: Sample, owner: dict[str, Any], *, liked: bool, likes: int, mine: bool) -> dict[str, Any]:
    """A sample with what belongs to it; its folder is its owner's matter."""
    told = sample(found, owner["id"])
    return {
        "sample": told if mine else {**told, "parentFolderId": None},
        "owner": owner,
        "tags": list(found.tags),
        "audioInfo": audio_info(found),
        "liked": liked,
        "likes": likes,
    }


def details(found: Sample, listed: dict[str, Any], link: MakeLink) -> dict[str, Any]:
    """A sample with all there is to it. `listed` is its item."""
    return {
        **listed,
        "processing": processing(found),
        "error": found.reason,
        "peaks": list(found.peaks),
        "imageUrl": link(found.art_key) if found.art_key else None,
    }


def folder(found: Folder) -> dict[str, Any]:
    """A folder."""
    return {"id": found.number, "name": found.name, "created": iso(found.created_at), "samples": found.samples}


def processing(found: Sample) -> bool:
    """Whether a sample's audio is still to be listened to."""
    return found.state is SampleState.PROCESSING
