/** All jobs, in whichever dialect they were ordered, as they get on. */

import { useEffect, useState } from "preact/hooks"
import { jobs } from "../api/endpoints"
import { isOver, type ListedJob } from "../api/types"
import { sentence } from "../api/words"
import { to } from "../router"
import { useFollowed, useTimeLeft } from "../ui/followed"
import { day, moment, timeLeft, titled, took } from "../ui/format"
import { useAction, useLoad, useTitle } from "../ui/hooks"
import { Details } from "../ui/job"
import { useShortcuts } from "../ui/keys"
import { Button, Empty, Problem, Progress, StateChip, Waiting } from "../ui/parts"

const STATES: Record<string, readonly string[]> = {
  all: [],
  "under way": ["queued", "started"],
  done: ["succeeded"],
  failed: ["failed", "cancelled"],
}
const DIALECTS = ["native", "soundforge", "musicai", "audioshake", "beatoven", "twoshot"]
const NONE: Record<string, string> = {
  all: "No jobs yet",
  "under way": "No job is under way",
  done: "No job is done",
  failed: "No job has failed",
}
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
    // Those shown stay, also when new ones push them off the first page.
    setMore({ items: [...all, ...page.items], next: page.next })
  })
  const forget = (id: string) => setMore(more && { ...more, items: more.items.filter((job) => job.id !== id) })
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
        <Empty title={`${NONE[which]}${dialect && ` in the ${dialect} dialect`}`}>
          <p>
            Separations, analyses and compositions show up here, whichever program ordered them. Begin with a song of
            your <a href={to("library")}>library</a>, or <a href={to("compose")}>compose</a> one.
          </p>
        </Empty>
      )}
      {all.length > 0 && <Table all={all} stale={first.stale} onOpen={setOpen} />}
      {next && (
        <p class="centred">
          <Button onClick={further.go} disabled={further.busy}>
            Older
          </Button>
        </p>
      )}
      <Problem text={further.problem} />
      {open && (
        <Details
          key={open}
          id={open}
          onOpen={setOpen}
          onGone={forget}
          onClose={() => (setOpen(null), first.reload())}
        />
      )}
    </div>
  )
}

const Table = ({ all, stale, onOpen }: { all: ListedJob[]; stale: boolean; onOpen: (id: string) => void }) => (
  <table class="all-jobs" aria-busy={stale}>
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
  const now = useFollowed(job)
  const left_s = useTimeLeft(now.progress)
  return (
    <tr class={now.state}>
      <td class="state">
        {isOver(now.state) ? (
          <StateChip state={now.state} />
        ) : (
          <>
            <Progress value={now.progress} label={`Progress of ${job.name || job.workflow}`} />
            <span class="sub">
              {now.state === "queued"
                ? "Waiting"
                : left_s === null
                  ? `${Math.round(now.progress * 100)} %`
                  : timeLeft(left_s)}
            </span>
          </>
        )}
      </td>
      <td class="name">
        <button type="button" class="link open" dir="auto" onClick={onOpen}>
          {job.name || "Untitled"}
        </button>
        <span class="sub narrow">{titled(job.workflow)}</span>
        {now.problem && <span class="sub wrong">{sentence(now.problem)}</span>}
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
