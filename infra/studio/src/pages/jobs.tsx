/** All jobs, in whichever dialect they were ordered, as they get on. */

import { useEffect, useState } from "preact/hooks"
import { jobs } from "../api/endpoints"
import { follow } from "../api/live"
import { isOver, type Job, type ListedJob } from "../api/types"
import { size } from "../api/uploads"
import { to } from "../router"
import { day, moment, titled, took } from "../ui/format"
import { useAction, useLoad, useTitle } from "../ui/hooks"
import { Icon } from "../ui/icons"
import { useShortcuts } from "../ui/keys"
import { Button, Dialog, Empty, Problem, Progress, StateChip, Waiting } from "../ui/parts"
import { SEPARATIONS } from "../ui/separate"

const STATES: Record<string, readonly string[]> = {
  all: [],
  "under way": ["queued", "started"],
  done: ["succeeded"],
  failed: ["failed", "cancelled"],
}
const DIALECTS = ["native", "soundforge", "musicai", "audioshake", "beatoven", "twoshot"]
const STEP_STATES: Record<string, string> = { ready: "Waiting", leased: "Working", done: "Done", failed: "Failed" }
const PAGE = 50
const AGAIN_MS = 8000

export function Jobs() {
  useTitle("Jobs")
  const [which, setWhich] = useState("all")
  const [dialect, setDialect] = useState("")
  const [open, setOpen] = useState<string | null>(null)
  const [more, setMore] = useState<{ items: ListedJob[]; next: string | null } | null>(null)
  const query = { state: STATES[which] ?? [], dialect, limit: PAGE }
  const first = useLoad(() => jobs.list(query), [which, dialect])
  const next = more ? more.next : (first.value?.next ?? null)
  const further = useAction(async () => {
    const page = await jobs.list({ ...query, cursor: next })
    setMore({ items: [...(more?.items ?? []), ...page.items], next: page.next })
  })
  useEffect(() => {
    setMore(null)
    const timer = setInterval(() => !document.hidden && first.reload(), AGAIN_MS)
    return () => clearInterval(timer)
  }, [which, dialect])
  useShortcuts("Jobs", [["r", "Look again", first.reload]])
  const seen = new Set<string>()
  const all = [...(first.value?.items ?? []), ...(more?.items ?? [])].filter(
    (job) => !seen.has(job.id) && seen.add(job.id),
  )
  return (
    <div class="page jobs">
      <header class="page-head">
        <h1>Jobs</h1>
      </header>
      <div class="tools">
        <div class="segments" role="group" aria-label="State">
          {Object.keys(STATES).map((name) => (
            <button type="button" key={name} aria-pressed={name === which} onClick={() => setWhich(name)}>
              {titled(name)}
            </button>
          ))}
        </div>
        <select aria-label="Dialect" value={dialect} onChange={(event) => setDialect(event.currentTarget.value)}>
          <option value="">All dialects</option>
          {DIALECTS.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <Problem text={first.problem} again={first.reload} />
      {!first.value && !first.problem && <Waiting />}
      {first.value && !all.length && (
        <Empty title="No jobs here">
          <p>Separations, analyses and compositions show up here, whichever program ordered them.</p>
        </Empty>
      )}
      {all.length > 0 && <Table all={all} onOpen={setOpen} />}
      {next && (
        <p class="centred">
          <Button onClick={further.go} disabled={further.busy}>
            Older
          </Button>
        </p>
      )}
      <Problem text={further.problem} />
      {open && <Details id={open} onClose={() => (setOpen(null), first.reload())} />}
    </div>
  )
}

const Table = ({ all, onOpen }: { all: ListedJob[]; onOpen: (id: string) => void }) => (
  <table class="all-jobs">
    <thead>
      <tr>
        <th>State</th>
        <th>Name</th>
        <th class="work">Work</th>
        <th class="from">Ordered in</th>
        <th class="number took">Took</th>
        <th class="number cost">Cost</th>
        <th class="when">When</th>
      </tr>
    </thead>
    <tbody>
      {all.map((job) => (
        <Row key={job.id} job={job} onOpen={() => onOpen(job.id)} />
      ))}
    </tbody>
  </table>
)

function Row({ job, onOpen }: { job: ListedJob; onOpen: () => void }) {
  const [now, set] = useState({ state: job.state, progress: job.progress })
  useEffect(() => {
    set({ state: job.state, progress: job.progress })
    if (!isOver(job.state)) return follow(job.id, (news) => set({ state: news.state, progress: news.progress }))
    return undefined
  }, [job.id, job.state])
  return (
    <tr>
      <td class="state">
        {isOver(now.state) ? (
          <StateChip state={now.state} />
        ) : (
          <Progress value={now.progress} label={`Progress of ${job.name || job.workflow}`} />
        )}
      </td>
      <td class="name">
        <button type="button" class="link open" onClick={onOpen}>
          {job.name || "Untitled"}
        </button>
        <span class="sub narrow">{titled(job.workflow)}</span>
        {job.failure && <span class="sub wrong">{job.failure.message}</span>}
      </td>
      <td class="work">{titled(job.workflow)}</td>
      <td class="from">{job.dialect}</td>
      <td class="number took">{took(job.started_at, job.completed_at)}</td>
      <td class="number cost">{job.cost_usd ? `$${job.cost_usd.toFixed(4)}` : ""}</td>
      <td class="when" title={moment(job.created_at)}>
        {day(job.created_at)}
      </td>
    </tr>
  )
}

function Details({ id, onClose }: { id: string; onClose: () => void }) {
  const job = useLoad(() => jobs.get(id), [id])
  const cancel = useAction(async () => job.set(await jobs.cancel(id)))
  const found = job.value
  return (
    <Dialog title={found?.name || "Job"} onClose={onClose} wide>
      <Problem text={job.problem ?? cancel.problem} />
      {!found && !job.problem && <Waiting />}
      {found && (
        <>
          <p>
            <StateChip state={found.state} /> {titled(found.workflow)}, ordered {moment(found.created_at)} in the{" "}
            {found.dialect} dialect
          </p>
          {found.failure && <p class="wrong">{found.failure.message}</p>}
          <Files job={found} />
          <Steps job={found} />
          <p class="hint mono">{found.id}</p>
          <footer>
            {found.state === "succeeded" &&
              (SEPARATIONS.includes(found.workflow) || found.outputs.some((one) => one.name.startsWith("stem-"))) && (
                <a class="button main" href={to("mix", id)} onClick={onClose}>
                  Open in the mixer
                </a>
              )}
            {!isOver(found.state) && (
              <Button kind="danger" onClick={cancel.go} disabled={cancel.busy}>
                Cancel the job
              </Button>
            )}
          </footer>
        </>
      )}
    </Dialog>
  )
}

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
              {output.name}: {typeof output.value === "object" ? "" : String(output.value)}
            </span>
          )}
          <span class="sub">{size(output.size_bytes)}</span>
        </li>
      ))}
    </ul>
  ) : null

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
            <td>{step.reused ? "Reused" : (STEP_STATES[step.state] ?? step.state)}</td>
            <td class="number">{step.engine_s ? `${step.engine_s.toFixed(1)} s` : ""}</td>
          </tr>
        ))}
      </tbody>
    </table>
  ) : null
