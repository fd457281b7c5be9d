"""Sending results to storage of their owner's."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from patchbay.core import layout, store, tracing
from patchbay.core.pipeline import STEPS_KEPT, outputs_by_name
from patchbay.domain import steps as step_life
from patchbay.domain.errors import FetchRefused, NotFound
from patchbay.domain.jobs import Failure, FailureKind, Job, Output
from patchbay.domain.steps import Seconds, Step, StepState
from patchbay.ports import Clock, Objects, Put, Records, Web


class DeliveryFailed(Exception):
    """The owner's storage did not take a result; trying again may help."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The light step `deliver`."""

    records: Records
    objects: Objects
    web: Web
    clock: Clock

    def run(self, tenant_id: str, job_id: str, index: int, *, last_try: bool = True) -> None:
        """PUT each result to the address that the order gave. Raises `DeliveryFailed`; the last try fails the step."""
        job = store.load(self.records, Job, layout.job_key(tenant_id, job_id))
        partition, key = layout.step_key(job_id, 0)[0], layout.step_key(job_id, index)
        steps = [layout.entity(Step, r) for r in self.records.query(partition, limit=100, ascending=True)]
        step = next((s for s in steps if s.index == index and s.tenant_id == tenant_id), None)
        if job is None or job.state.terminal or step is None or step.state is StepState.DONE:
            return
        tracing.adopt(job.traceparent)
        results, now = outputs_by_name(steps, index), self.clock.now()
        sent: list[Output] = []
        try:
            for name, url in job.deliver_to.items():
                sent.append(self._send(results[name], url))
        except (FetchRefused, NotFound) as error:
            message = f"result {name!r} could not be sent to {urlsplit(url).hostname}: {error}"
            if last_try:
                failure = Failure(kind=FailureKind.BAD_INPUT, message=message)
                store.change(self.records, Step, key, lambda s: step_life.fail(s, failure, now), self._put)
            raise DeliveryFailed(message) from None
        ended = self.clock.now()
        took = Seconds((ended - now).total_seconds())
        store.change(self.records, Step, key, lambda s: step_life.finish(s, sent, took, ended), self._put)

    def _send(self, output: Output, url: str) -> Output:
        if output.key is None:
            raise NotFound(f"output {output.name!r} is a value, not a file")
        info = self.objects.stat(output.key)
        if info is None:
            raise NotFound("the result is gone")
        with self.objects.read(output.key) as blocks:
            self.web.put(url, blocks, size_bytes=info.size_bytes, media_type=output.media_type)
        return output.model_copy(update={"delivered_to": urlsplit(url).hostname})

    def _put(self, step: Step) -> Put:
        return layout.put_step(step, int((self.clock.now() + STEPS_KEPT).timestamp()))
