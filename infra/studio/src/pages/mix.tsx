/** The stem mixer: all stems of a job on one clock. */

import { useEffect, useRef, useState } from "preact/hooks"
import { jobs } from "../api/endpoints"
import { mixed } from "../api/mixes"
import { isOver, type Job } from "../api/types"
import { size } from "../api/uploads"
import { sentence } from "../api/words"
import { type Channel, type Loop, type Manifest, manifest, Mixer } from "../audio/mixer"
import { openAll } from "../audio/stems"
import { to } from "../router"
import { Live, useFollowed } from "../ui/followed"
import { bare, clock } from "../ui/format"
import { useAction, useLoad, useTitle } from "../ui/hooks"
import { Icon } from "../ui/icons"
import { useShortcuts } from "../ui/keys"
import { Desk } from "../ui/desk"
import { Empty, Problem, Progress, Waiting } from "../ui/parts"

export interface Stem {
  name: string
  url: string
}

declare global {
  interface Window {
    /** How the stems are being played, for tests that look whether they are together. */
    studio?: { mixer: Mixer }
  }
}

/** The stems of a job: of a separation all of its files, of a composition those that are called so, each once. */
export function stemsOf(job: Job): Stem[] {
  const whole = job.workflow === "compose" || job.workflow === "generate"
  const found = new Map<string, Stem>()
  for (const { name, url, media_type } of job.outputs) {
    if (!url || !media_type.startsWith("audio/") || (whole && !name.startsWith("stem-"))) continue
    const stem = name.replace(/^stem-/, "").replace(/\.[a-z0-9]+$/, "")
    if (!found.has(stem) || name.endsWith(".wav")) found.set(stem, { name: stem, url })
  }
  return [...found.values()]
}

export function Mix({ id }: { id: string }) {
  const job = useLoad(() => jobs.get(id), [id])
  const title = bare(job.value?.name ?? "") || "Mix"
  useTitle(title)
  return (
    <div class="page mix">
      <header class="page-head">
        <a
          class="icon-button"
          href={to(job.value?.workflow === "compose" ? "compose" : "library")}
          aria-label="Back"
          title="Back"
          onClick={(event) => history.length > 1 && (event.preventDefault(), history.back())}
        >
          <Icon name="back" />
        </a>
        <h1 dir="auto">{title}</h1>
        <span class="sub">{String(job.value?.params["model"] ?? "")}</span>
      </header>
      <Problem text={job.problem} again={!job.absent && job.reload} />
      {!job.value && !job.problem && <Waiting label="Opening the mix" />}
      {job.value && <Stems key={job.value.id} job={job.value} onReady={job.set} onRenew={job.reload} />}
    </div>
  )
}

/** The desk, once there is something to mix. */
function Stems({ job, onReady, onRenew }: { job: Job; onReady: (job: Job) => void; onRenew: () => void }) {
  const now = useFollowed(job)
  useEffect(() => {
    if (now.job?.state === "succeeded") onReady(now.job)
  }, [now.job])
  const stems = stemsOf(job)
  if (stems.length) return <Table job={job} stems={stems} onRenew={onRenew} />
  if (!isOver(now.state))
    return (
      <Empty title="The stems are on their way">
        <Live now={now} label="Separation" />
        <p>This page goes on by itself when they are there.</p>
      </Empty>
    )
  return (
    <Empty title="There is nothing to mix">
      <p>{sentence(now.problem ?? "This job made no stems")}</p>
      <a class="button plain" href={to("library")}>
        To the library
      </a>
    </Empty>
  )
}

function Table({ job, stems, onRenew }: { job: Job; stems: Stem[]; onRenew: () => void }) {
  const [broken, setBroken] = useState<string | null>(null)
  const loaded = useLoad<Mixer>(
    async (signal) => {
      setBroken(null)
      const opened = await openAll(
        stems.map((stem) => stem.url),
        signal,
        (problem) => setBroken(problem.message),
      )
      const sampleRate = opened[0]?.format.rateHz ?? 0
      return new Mixer(new AudioContext({ sampleRate, latencyHint: "interactive" }), opened)
    },
    [stems.map((stem) => stem.url).join()],
  )
  const mixer = loaded.value
  const again = () => {
    onRenew() // links do not live for ever
    loaded.reload()
  }
  useEffect(() => {
    if (!mixer) return
    window.studio = { mixer }
    return () => {
      delete window.studio
      void mixer.close()
    }
  }, [mixer])
  if (loaded.problem) return <Problem text={loaded.problem} again={again} />
  if (!mixer) return <Waiting label="Opening the stems" />
  return (
    <>
      <Problem text={broken} again={again} />
      <Mixing job={job} stems={stems} mixer={mixer} />
    </>
  )
}

interface Kept {
  channels: Channel[]
  master: number
}

const fresh = (stems: Stem[]): Kept => ({
  channels: stems.map((stem) => ({ name: stem.name, volume: 1, pan: 0, muted: false, solo: false })),
  master: 1,
})

/** How the desk was left; it is found again after a reload. */
function useKept(job: Job, stems: Stem[]): [Kept, (next: Kept) => void] {
  const name = `mix:${job.id}`
  const [kept, set] = useState<Kept>(() => {
    try {
      const found = JSON.parse(localStorage.getItem(name) ?? "null") as Kept | null
      return found?.channels.length === stems.length ? found : fresh(stems)
    } catch {
      return fresh(stems)
    }
  })
  const keep = (next: Kept) => {
    set(next)
    try {
      localStorage.setItem(name, JSON.stringify(next))
    } catch {
      // Full or forbidden: then a reload begins anew.
    }
  }
  return [kept, keep]
}

function Mixing({ job, stems, mixer }: { job: Job; stems: Stem[]; mixer: Mixer }) {
  const [kept, keep] = useKept(job, stems)
  const [playing, setPlaying] = useState(false)
  const [loop, setLoop] = useState(mixer.loop)
  const [chosen, choose] = useState(0)
  const { channels, master } = kept
  const changed = JSON.stringify(kept) !== JSON.stringify(fresh(stems))
  useEffect(() => mixer.apply(channels, master), [mixer, channels, master])
  useEffect(() => mixer.setLoop(loop), [mixer]) // of stems that were opened anew too
  const change = (index: number, next: Partial<Channel>) => {
    choose(index)
    keep({ ...kept, channels: channels.map((one, at) => (at === index ? { ...one, ...next } : one)) })
  }
  const toggle = () => {
    if (mixer.isPlaying) mixer.pause()
    else void mixer.play().then(() => setPlaying(mixer.isPlaying))
    setPlaying(mixer.isPlaying)
  }
  const around = (next: { start: number; end: number } | null) => {
    mixer.setLoop(next)
    setLoop(mixer.loop) // one that is too short is none
  }
  const only = loop && (loop.start > 0 || loop.end < mixer.length) ? loop : null
  const exported = useExport(job, () => manifest(channels, master, only, mixer.length))
  const nudge = (by: number) => mixer.seek(mixer.now + by)
  const turn = (index: number, what: "muted" | "solo") =>
    channels[index] && change(index, { [what]: !channels[index][what] })
  useShortcuts("Mixer", [
    ["Space", "Play, pause", toggle],
    ["ArrowLeft / ArrowRight", "5 seconds back, forward", (event) => nudge(event.key === "ArrowLeft" ? -5 : 5)],
    [
      "Shift+ArrowLeft / Shift+ArrowRight",
      "Half a second back, forward",
      (event) => nudge(event.key === "ArrowLeft" ? -0.5 : 0.5),
    ],
    ["Home", "To the beginning", () => mixer.seek(0)],
    [
      "ArrowUp / ArrowDown",
      "Stem above, below",
      (event) => choose((chosen + (event.key === "ArrowUp" ? channels.length - 1 : 1)) % channels.length),
    ],
    ["m", "Mute the chosen stem", () => turn(chosen, "muted")],
    ["s", "Solo the chosen stem", () => turn(chosen, "solo")],
    [
      "l",
      "Loop on, off; drag over the ruler to set it",
      () => around(loop ? null : { start: mixer.now, end: Math.min(mixer.now + 8, mixer.length) }),
    ],
    ["e", "Export the mix", exported.go],
  ])
  return (
    <>
      <Desk
        mixer={mixer}
        channels={channels}
        master={master}
        chosen={chosen}
        playing={playing}
        loop={loop}
        links={stems.map((stem) => stem.url)}
        exporting={exported.busy}
        onPlaying={setPlaying}
        onToggle={toggle}
        onChange={change}
        onMaster={(value) => keep({ ...kept, master: value })}
        onChoose={choose}
        onLoop={around}
        onExport={exported.go}
        onReset={changed ? () => keep(fresh(stems)) : null}
      >
        <Exported of={exported} only={only} />
      </Desk>
      <Problem text={exported.problem} />
    </>
  )
}

function Exported({ of, only }: { of: ReturnType<typeof useExport>; only: Loop | null }) {
  const what = only ? `${clock(only.start, true)} to ${clock(only.end, true)}` : "the whole song"
  if (of.busy)
    return (
      <div class="note live" role="status">
        <Progress value={of.progress} label="Export" />
        <span>
          {of.waiting ? `Waiting for a machine to mix ${what}` : `Mixing ${what}, ${Math.round(of.progress * 100)} %`}
        </span>
      </div>
    )
  return of.made ? (
    <p class="note" role="status">
      <a class="with-icon" href={of.made.url} download={of.made.name}>
        <Icon name="download" /> <span>{of.made.name}</span>
      </a>
      <span class="sub">24-bit WAV, {size(of.made.bytes)}</span>
    </p>
  ) : null
}

interface Made {
  url: string
  name: string
  bytes: number
}

/** Have the mix made as it is heard, and give it to the browser as a file. The last one stays at hand. */
function useExport(job: Job, told: () => Manifest) {
  const [made, setMade] = useState<Made | null>(null)
  const [news, tell] = useState({ progress: 0, waiting: true })
  const left = useRef(new AbortController())
  const kept = useRef<string | null>(null)
  useEffect(
    () => () => {
      left.current.abort()
      if (kept.current) URL.revokeObjectURL(kept.current)
    },
    [],
  )
  const action = useAction(async () => {
    tell({ progress: 0, waiting: true })
    const heard = (one: { progress: number; state: string }) =>
      tell({ progress: one.progress, waiting: one.state === "queued" })
    const file = await mixed(job.id, told(), heard, left.current.signal)
    if (kept.current) URL.revokeObjectURL(kept.current)
    const next = { url: (kept.current = URL.createObjectURL(file)), name: nameOf(job), bytes: file.size }
    setMade(next)
    save(next)
  })
  return { ...action, ...news, made }
}

const nameOf = (job: Job): string => `${bare(job.name) || "Untitled"} (Mix).wav`

function save({ url, name }: Made): void {
  const link = document.createElement("a")
  link.href = url
  link.download = name
  link.click()
}
