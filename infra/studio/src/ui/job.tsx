/** One job: what it made, how it was made, and what can be done with it. */

import { useState } from "preact/hooks"
import { jobs } from "../api/endpoints"
import { isOver, type Job } from "../api/types"
import { size } from "../api/uploads"
import { sentence } from "../api/words"
import { to } from "../router"
import { Live, useFollowed } from "./followed"
import { moment, titled } from "./format"
import { useAction, useLoad } from "./hooks"
import { Icon } from "./icons"
import { Ask, Button, Copy, Dialog, Problem, StateChip, Waiting } from "./parts"
import { SEPARATIONS } from "./separate"

const STEP_STATES: Record<string, string> = { ready: "Waiting", leased: "Working", done: "Done", failed: "Failed" }
/** Works that need no more than what a job tells of itself to be ordered once more. */
const REPEATABLE = [...SEPARATIONS, "audio-analysis", "compose", "generate"]

interface Props {
  id: string
  onOpen: (id: string) => void
  /** It was deleted. */
  onGone: (id: string) => void
  onClose: () => void
}

export function Details({ id, onOpen, onGone, onClose }: Props) {
  const job = useLoad(() => jobs.get(id), [id])
  return (
    <Dialog title={job.value?.name || "Job"} onClose={onClose} wide>
      <Problem text={job.problem} again={!job.absent && job.reload} />
      {!job.value && !job.problem && <Waiting />}
      {job.value && <Known job={job.value} onOpen={onOpen} onGone={onGone} onClose={onClose} />}
    </Dialog>
  )
}

function Known({ job, ...on }: Omit<Props, "id"> & { job: Job }) {
  const now = useFollowed(job)
  const found = now.job ?? job
  return (
    <>
      <p>
        <StateChip state={now.state} /> {titled(job.workflow)}, ordered {moment(job.created_at)} in the {job.dialect}{" "}
        dialect
      </p>
      {!isOver(now.state) && <Live now={now} label="Progress" />}
      {now.problem && <p class="wrong">{sentence(now.problem)}</p>}
      <Files job={found} />
      <Steps job={found} />
      <p class="job-id">
        <span class="hint mono">{job.id}</span>
        <Copy text={job.id} label="Copy the job's id" />
      </p>
      {now.state !== "gone" && <Acts job={{ ...found, state: now.state }} {...on} />}
    </>
  )
}

function Acts({ job, onOpen, onGone, onClose }: Omit<Props, "id"> & { job: Job }) {
  const [asking, ask] = useState(false)
  const cancel = useAction(async () => void (await jobs.cancel(job.id)))
  const again = useAction(async () => onOpen((await repeated(job)).id))
  const failed = job.state === "failed" || job.state === "cancelled"
  const stems = SEPARATIONS.includes(job.workflow) || job.outputs.some((one) => one.name.startsWith("stem-"))
  return (
    <>
      <Problem text={cancel.problem ?? again.problem} />
      <footer>
        {isOver(job.state) ? (
          <Button kind="quiet" icon="bin" onClick={() => ask(true)}>
            Delete
          </Button>
        ) : (
          <Button kind="danger" onClick={cancel.go} disabled={cancel.busy}>
            Cancel the job
          </Button>
        )}
        <span class="fill" />
        {failed && REPEATABLE.includes(job.workflow) && (
          <Button kind="main" onClick={again.go} disabled={again.busy}>
            {again.busy ? "Ordering" : "Order again"}
          </Button>
        )}
        {job.state === "succeeded" && stems && (
          <a class="button main" href={to("mix", job.id)} onClick={onClose}>
            Open in the mixer
          </a>
        )}
      </footer>
      {asking && (
        <Ask
          title="Delete this job?"
          act="Delete the job"
          run={async () => {
            await jobs.remove(job.id)
            onGone(job.id)
            onClose()
          }}
          onClose={() => ask(false)}
        >
          What it made can then not be reached any more. The song that it was made of stays.
        </Ask>
      )}
    </>
  )
}

/** The same once more. */
function repeated({ workflow, params, name, batch_name, metadata, input_asset_id }: Job): Promise<Job> {
  return jobs.order({
    workflow,
    params,
    name,
    metadata,
    ...(batch_name && { batch_name }),
    ...(input_asset_id && { input: { asset_id: input_asset_id } }),
  })
}

/** A value that is no file; lists in a row, and nothing of what is for programs only. */
const told = (value: unknown): string =>
  Array.isArray(value) ? value.map(told).join(", ") : typeof value === "object" ? "" : titled(String(value))

const Files = ({ job }: { job: Job }) =>
  job.outputs.length ? (
    <ul class="files">
      {job.outputs.map((output) => (
        <li key={output.name}>
          {output.url ? (
            <a href={output.url} download={output.name}>
              <Icon name="download" /> {output.name}
            </a>
          ) : (
            <span>
              {titled(output.name)}: {told(output.value)}
            </span>
          )}
          <span class="sub">{size(output.size_bytes)}</span>
        </li>
      ))}
    </ul>
  ) : null

function standing(step: Job["steps"][number], job: Job): string {
  if (step.reused) return "Reused"
  const open = step.state === "ready" || step.state === "leased"
  return open && isOver(job.state) ? "Not done" : (STEP_STATES[step.state] ?? step.state)
}

const Steps = ({ job }: { job: Job }) =>
  job.steps.length ? (
    <table class="steps">
      <thead>
        <tr>
          <th>Step</th>
          <th>Model</th>
          <th>State</th>
          <th class="number">Engine</th>
        </tr>
      </thead>
      <tbody>
        {job.steps.map((step) => (
          <tr key={step.name}>
            <td>{step.name}</td>
            <td>{step.model ?? ""}</td>
            <td>{standing(step, job)}</td>
            <td class="number">{step.engine_s ? `${step.engine_s.toFixed(1)} s` : ""}</td>
          </tr>
        ))}
      </tbody>
    </table>
  ) : null
