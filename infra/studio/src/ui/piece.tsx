/** One piece in its versions: hear it, see its notes and chords, take it away. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks"
import { document_, jobs } from "../api/endpoints"
import { type Composition, isOver, type Job, type ListedJob, type Output } from "../api/types"
import { sentence } from "../api/words"
import { to } from "../router"
import { Live, useFollowed } from "./followed"
import { bpm, clock, day } from "./format"
import { useAction, useFrames, useLoad } from "./hooks"
import { Icon } from "./icons"
import { Button, Fact, Problem, StateChip, Waiting } from "./parts"
import { Separation } from "./separate"

/** What is shown above, and what is there in a better format. */
const HIDDEN = /^(pianoroll\.png|composition\.json|stem-.*\.mp3)$/

let sounding: HTMLAudioElement | null = null

export function Piece({ versions }: { versions: ListedJob[] }) {
  const [at, choose] = useState(0)
  const shown = versions[at] ?? versions[0]
  if (!shown) return null
  return (
    <article class="panel piece">
      <header>
        <h2 dir="auto">{shown.name || "Untitled"}</h2>
        <span class="sub">{day(shown.created_at)}</span>
        {versions.length > 1 && (
          <div class="segments" role="group" aria-label="Version">
            {versions.map((version, index) => (
              <button
                type="button"
                key={version.id}
                aria-pressed={index === at}
                aria-label={`Version ${"ABCD"[index] ?? index + 1}`}
                onClick={() => choose(index)}
              >
                {"ABCD"[index] ?? index + 1}
              </button>
            ))}
          </div>
        )}
      </header>
      <Version key={shown.id} of={shown} />
    </article>
  )
}

function Version({ of }: { of: ListedJob }) {
  const now = useFollowed(of)
  const job = useLoad(async () => (now.state === "succeeded" ? (now.job ?? jobs.get(of.id)) : null), [of.id, now.state])
  if (!isOver(now.state)) return <Live now={now} label="Composition" doing="Composing" />
  if (now.state !== "succeeded")
    return (
      <p class="wrong">
        <StateChip state={now.state} /> {sentence(now.problem ?? "Nothing came of this version")}
      </p>
    )
  return (
    <>
      <Problem text={job.problem} again={job.reload} />
      {!job.value && !job.problem && <Waiting label="Opening the piece" />}
      {job.value && <Done job={job.value} />}
    </>
  )
}

const output = (job: Job, test: (one: Output) => boolean): Output | null =>
  job.outputs.find((one) => one.url && test(one)) ?? null

/** What music is separated in that came in one piece. */
const batchOf = (job: Job): string => `piece-${job.id}`

function Done({ job }: { job: Job }) {
  const track = output(job, (one) => one.name === "track.mp3") ?? output(job, (one) => one.name.startsWith("track"))
  const picture = output(job, (one) => one.name === "pianoroll.png")
  const score = output(job, (one) => one.name === "composition.json")
  const found = useLoad(async () => (score?.url ? document_<Composition>(score.url) : null), [score?.url])
  const told = found.value
  const stems = job.outputs.filter((one) => one.name.startsWith("stem-") && one.url)
  const separations = useLoad(
    async () => (stems.length ? [] : (await jobs.list({ batch_name: batchOf(job), limit: 20 })).items),
    [job.id],
  )
  const split = useAction(async () => {
    const whole = output(job, (one) => one.name === "track.wav") ?? track
    await jobs.order({
      workflow: "stem-isolation-4",
      input: { url: whole?.url ?? "" },
      name: job.name,
      batch_name: batchOf(job),
    })
    separations.reload()
  })
  const takeable = job.outputs.filter((one) => one.url && !HIDDEN.test(one.name))
  return (
    <>
      {track?.url && <Scrubber url={track.url} name={job.name} chords={told?.chords ?? null} />}
      {told && (
        <dl class="facts">
          <Fact label="Key" value={told.key} />
          <Fact label="Tempo" value={bpm(told.tempo_bpm)} unit="BPM" />
          <Fact label="Length" value={clock(told.duration_s)} />
          <Fact
            label="Plays"
            value={[...new Set(told.parts.map((part) => part.instrument.replaceAll("_", " ")))].join(", ")}
          />
        </dl>
      )}
      {picture?.url && (
        <img
          class="roll"
          src={picture.url}
          alt={`Piano roll of ${job.name || "the piece"}: its notes over time, one row for each pitch`}
          loading="lazy"
        />
      )}
      <p class="takes">
        {stems.length > 0 && (
          <a class="button plain" href={to("mix", job.id)}>
            <Icon name="mixer" /> <span>Mix the stems</span>
          </a>
        )}
        {!stems.length && track?.url && (
          <Button icon="split" onClick={split.go} disabled={split.busy}>
            {split.busy ? "Ordering" : "Separate into stems"}
          </Button>
        )}
        {takeable.map((one) => (
          <a key={one.name} class="button quiet" href={one.url ?? ""} download={one.name}>
            <Icon name="download" /> <span>{label(one.name)}</span>
          </a>
        ))}
      </p>
      <Problem text={split.problem ?? separations.problem} />
      <ul class="jobs-list">
        {separations.value?.map((one) => (
          <Separation key={one.id} job={one} />
        ))}
      </ul>
    </>
  )
}

function label(name: string): string {
  const ending = name.split(".").pop()?.toUpperCase() ?? ""
  if (name.startsWith("stem-")) return `${name.replace(/^stem-/, "").replace(/\.\w+$/, "")} ${ending}`
  return name === "score.mid" ? "MIDI" : name.startsWith("track") ? ending : name
}

/** Play, and move through, one file; only one sounds at a time. */
function Scrubber({ url, name, chords }: { url: string; name: string; chords: Composition["chords"] | null }) {
  const media = useMemo(() => Object.assign(new Audio(), { preload: "metadata", src: url }), [url])
  const [playing, setPlaying] = useState(false)
  const slider = useRef<HTMLInputElement>(null)
  const time = useRef<HTMLSpanElement>(null)
  const strip = useRef<HTMLOListElement>(null)
  useEffect(() => {
    const shown = () => setPlaying(!media.paused)
    for (const event of ["play", "pause", "ended"]) media.addEventListener(event, shown)
    return () => media.pause()
  }, [media])
  const toggle = () => {
    if (!media.paused) return media.pause()
    if (sounding !== media) sounding?.pause()
    sounding = media
    void media.play()
  }
  useFrames(() => {
    const length = media.duration || 0
    if (slider.current && length) slider.current.value = String(media.currentTime / length)
    if (time.current) time.current.textContent = `${clock(media.currentTime)} / ${clock(length)}`
    const now = chords?.findIndex((one) => media.currentTime >= one.start_s && media.currentTime < one.end_s) ?? -1
    for (const [index, item] of [...(strip.current?.children ?? [])].entries())
      item.classList.toggle("lit", playing && index === now)
  }, playing)
  return (
    <>
      <div class="scrubber">
        <button type="button" class="play" aria-label={`${playing ? "Pause" : "Play"} ${name}`} onClick={toggle}>
          <Icon name={playing ? "pause" : "play"} />
        </button>
        <input
          ref={slider}
          type="range"
          min="0"
          max="1"
          step="0.001"
          defaultValue="0"
          aria-label="Position"
          onInput={(event) => {
            if (media.duration) media.currentTime = event.currentTarget.valueAsNumber * media.duration
          }}
        />
        <span class="time" ref={time}>
          0:00
        </span>
      </div>
      {chords && (
        <ol class="chord-strip" ref={strip} aria-label="Chords" tabIndex={0}>
          {chords.map((one) => (
            <li key={one.start_s}>{one.label}</li>
          ))}
        </ol>
      )}
    </>
  )
}
