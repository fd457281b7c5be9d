"""What keeps the machines of a compute class: `batch,gpu=sagemaker` is one for all classes, and another for one."""

from collections.abc import Mapping
from typing import Literal, get_args

from patchbay.catalog.compute import QUEUED
from patchbay.domain.tasks import ComputeClass

Backend = Literal["batch", "sagemaker", "sagemaker-endpoint", "none"]
"""AWS Batch, SageMaker processing jobs, an asynchronous SageMaker endpoint, or nobody of ours."""
Backends = Mapping[ComputeClass, Backend]
BACKENDS: tuple[Backend, ...] = get_args(Backend)
BELLS = "endpoints/"
"""Beginning of the keys in the media bucket of what endpoints are sent, and of what they answer."""
INVOCATION_S = 3600
"""What an asynchronous endpoint may take for one invocation at the most (InvokeEndpointAsync, read in 2026)."""


def parse(told: str) -> Backends:
    """The backend of each queued class. Raises ValueError that says what is wrong and what there is."""
    general: list[Backend] = []
    own: dict[ComputeClass, Backend] = {}
    for part in (each.strip() for each in told.split(",")):
        name, given, value = part.rpartition("=")
        backend = next((known for known in BACKENDS if known == value.strip()), None)
        if backend is None:
            raise ValueError(f"there is no backend {value.strip()!r}; there are: {', '.join(BACKENDS)}")
        if not given:
            general.append(backend)
            continue
        compute = queued_class(name.strip())
        if compute in own:
            raise ValueError(f"class {compute!r} is given two backends")
        own[compute] = backend
    if len(general) != 1:
        raise ValueError(f"one backend for all classes is needed, as in 'batch' or 'batch,gpu=sagemaker', not {told!r}")
    return {each.name: own.get(each.name, general[0]) for each in QUEUED}


def queued_class(name: str) -> ComputeClass:
    """The queued class of that name. Raises ValueError that names those there are."""
    for each in QUEUED:
        if each.name == name:
            return each.name
    raise ValueError(f"there is no class {name!r} with machines; there are: {', '.join(each.name for each in QUEUED)}")
