"""How samples, folders, likes and licences lie in the table; `layout` lists these keys with all others."""

from patchbay.core import layout
from patchbay.domain.folders import Folder
from patchbay.domain.licences import LicenceApplication
from patchbay.domain.samples import Sample
from patchbay.ports import Key, Put


def sample_key(tenant_id: str, sample_id: str) -> Key:
    """Key of a sample."""
    return f"SAMPLES#{tenant_id}", sample_id


def audio_key(asset_id: str) -> Key:
    """Key of which sample an asset is the audio of."""
    return f"AUDIO#{asset_id}", "sample"


def folder_key(tenant_id: str, number: int) -> Key:
    """Key of a folder. Public numbers have sixteen digits at most."""
    return f"FOLDERS#{tenant_id}", f"{number:016d}"


def like_key(tenant_id: str, sample_id: str) -> Key:
    """Key of a user's liking a sample."""
    return f"LIKES#{tenant_id}", sample_id


def likes_key(sample_id: str) -> Key:
    """Key of the counter of a sample's likes."""
    return f"LIKED#{sample_id}", "count"


def licence_key(tenant_id: str, asset_id: str) -> Key:
    """Key of the licence that a user has for some audio."""
    return f"LICENCES#{tenant_id}", asset_id


def folder_partition(tenant_id: str, number: int) -> str:
    """Partition of `by_open` of the samples in a folder."""
    return f"FOLDER#{tenant_id}#{number}"


def put_sample(sample: Sample) -> Put:
    """Write of a sample, found by its folder if it is in one."""
    number = sample.folder_number
    indexes = {} if number is None else {"by_open": folder_partition(sample.tenant_id, number)}
    return layout.put(sample_key(sample.tenant_id, sample.id), "sample", sample, indexes=indexes)


def put_folder(folder: Folder) -> Put:
    """Write of a folder."""
    return layout.put(folder_key(folder.tenant_id, folder.number), "folder", folder)


def put_licence(application: LicenceApplication) -> Put:
    """Write of a licence that a user has."""
    return layout.put(licence_key(application.tenant_id, application.asset_id), "licence", application)
