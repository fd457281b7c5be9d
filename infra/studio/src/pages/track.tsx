/** One song: hear it, see it, know its tempo, key, chords and form, take it apart. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks"
import { batchOf, document_, jobs, samples } from "../api/endpoints"
import { ask } from "../api/http"
import { follow, type News } from "../api/live"
import { type Analysis, isOver, type Job, type SampleDetails } from "../api/types"
import { decode } from "../audio/files"
import { go, to } from "../router"
import { forgetList } from "./library"
import { Live } from "../ui/followed"
import { bpm, chord, clock } from "../ui/format"
import { useAction, useFrames, useLoad, useStanding, useTitle } from "../ui/hooks"
import { Icon } from "../ui/icons"
import { useShortcuts } from "../ui/keys"
import { Ask, Button, Fact, IconButton, Problem, Waiting } from "../ui/parts"
import { Separations } from "../ui/separate"
import { type Controls, heard, type Sound, Timeline } from "../ui/timeline"

const FEATURES = ["tempo", "beats", "downbeats", "key", "scale", "loudness", "structure", "chords"]
const WORKFLOW = "audio-analysis"
const MOST_ZOOM = 64
const AGAIN_MS = 2000
/** A longer song is drawn from the peaks that are kept of it: decoded it would fill the memory. */
const LONGEST_DECODED_S = 20 * 60

export function Track({ id }: { id: string }) {
  const sample = useLoad(() => samples.get(Number(id)), [id])
  useTitle(sample.value?.sample.name ?? "Song")
  useEffect(() => {
    if (!sample.value?.processing) return
    const timer = setTimeout(sample.reload, AGAIN_MS)
    return () => clearTimeout(timer)
  }, [sample.value])
  if (!sample.value)
    return (
      <div class="page">
        <header class="page-head">
          <a class="icon-button" href={to("library")} aria-label="To the library" title="To the library">
            <Icon name="back" />
          </a>
          <h1>Song</h1>
        </header>
        {sample.problem ? (
          <Problem text={sample.problem} again={!sample.absent && sample.reload} />
        ) : (
          <Waiting label="Opening the song" />
        )}
      </div>
    )
  return <Song sample={sample.value} onChange={sample.reload} />
}

function Song({ sample, onChange }: { sample: SampleDetails; onChange: () => void }) {
  const { session } = useStanding()
  const audioId = sample.sample.audioId
  const own = sample.sample.ownerId === session?.user?.number
  const url = useLoad(async () => (await ask<{ url: string }>(`/audio/${audioId}/play`)).url, [audioId])
  const length = sample.audioInfo.duration ?? 0
  const long = length > LONGEST_DECODED_S
  const sound = useLoad<Sound | null>(
    async (signal) => {
      if (!url.value || sample.processing) return null // how long it is, and its peaks, are not known yet
      return long ? { duration: length, peaks: sample.peaks, mono: null } : heard(await decode(url.value, signal))
    },
    [url.value, long, sample.processing],
  )
  const [found, news, order] = useAnalysis(audioId, sample.sample.name, own)
  const analysis = found.value
  const again = () => {
    url.reload() // links do not live for ever
    sound.reload()
  }
  return (
    <div class="page track">
      <Heading sample={sample} own={own} onChange={onChange} />
      <Problem text={sample.error ?? url.problem ?? sound.problem} again={!sample.error && again} />
      <Facts sample={sample} analysis={analysis} />
      {sample.processing && <Waiting label="Listening to it: tempo, key and shape" />}
      {sound.value && url.value ? (
        <Player url={url.value} sound={sound.value} analysis={analysis} />
      ) : (
        !sound.problem && !url.problem && !sample.processing && <Waiting label="Reading the audio" />
      )}
      {own && !analysis && !sample.processing && (
        <section class="panel looking">
          {found.problem ? (
            <Problem text={found.problem} again={found.reload} />
          ) : news && !isOver(news.state) ? (
            <Live now={news} label="Analysis" doing="Listening for chords, beats and form" />
          ) : news?.state === "succeeded" ? (
            <Waiting label="Opening what was found" />
          ) : (
            <>
              <p>Chords, beats and the form of this song are not known yet.</p>
              <Button kind="plain" onClick={order.go} disabled={order.busy}>
                Find chords and form
              </Button>
            </>
          )}
          <Problem text={order.problem ?? news?.problem ?? null} />
        </section>
      )}
      {own && <Separations audioId={audioId} />}
    </div>
  )
}

/** The newest analysis of a song's audio, how one stands that runs, and how to order one. */
function useAnalysis(audioId: string, name: string, own: boolean) {
  const [job, setJob] = useState<Job | null>(null)
  const [news, setNews] = useState<News | null>(null)
  const stop = useRef<() => void>(() => undefined)
  const watch = (id: string) => {
    setNews({ id, state: "queued", progress: 0, job: null, problem: null })
    stop.current = follow(id, (told) => {
      setNews(told)
      if (told.job?.state === "succeeded") setJob(told.job)
    })
  }
  useEffect(() => {
    if (!own) return
    void (async () => {
      const page = await jobs.list({ batch_name: batchOf(audioId), workflow: [WORKFLOW], limit: 5 })
      const last = page.items.find((one) => one.state === "succeeded" || !isOver(one.state))
      if (last && isOver(last.state)) setJob(await jobs.get(last.id))
      else if (last) watch(last.id)
    })().catch(() => undefined)
    return () => stop.current()
  }, [audioId, own])
  const order = useAction(async () => {
    const made = await jobs.order({
      workflow: WORKFLOW,
      params: { features: FEATURES },
      input: { asset_id: audioId },
      name,
      batch_name: batchOf(audioId),
      metadata: { track_id: audioId },
    })
    watch(made.id)
  })
  const url = job?.outputs.find((output) => output.name === "analysis")?.url ?? null
  const found = useLoad(async () => (url ? document_<Analysis>(url) : null), [url])
  return [found, news, order] as const
}

function Heading({ sample, own, onChange }: { sample: SampleDetails; own: boolean; onChange: () => void }) {
  const { name, id } = sample.sample
  const [typed, type] = useState<string | null>(null)
  const rename = useAction(async () => {
    const wanted = (typed ?? "").trim()
    if (wanted && wanted !== name) await samples.rename(id, wanted)
    type(null)
    onChange()
  })
  const [asking, ask] = useState(false)
  return (
    <header class="page-head">
      <a class="icon-button" href={to("library")} aria-label="Back to the library" title="Back to the library">
        <Icon name="back" />
      </a>
      {typed === null ? (
        <h1 dir="auto">{name}</h1>
      ) : (
        <form
          class="rename"
          onSubmit={(event) => {
            event.preventDefault()
            rename.go()
          }}
        >
          <input
            aria-label="Name"
            value={typed}
            maxLength={100}
            autofocus
            onInput={(event) => type(event.currentTarget.value)}
            onKeyDown={(event) => event.key === "Escape" && type(null)}
          />
          <Button kind="main" type="submit" disabled={rename.busy}>
            Save
          </Button>
        </form>
      )}
      {own && typed === null && (
        <div class="acts">
          <Button kind="quiet" onClick={() => type(name)}>
            Rename
          </Button>
          <Button kind="quiet" onClick={() => ask(true)}>
            Delete
          </Button>
        </div>
      )}
      <Problem text={rename.problem} />
      {asking && (
        <Ask
          title="Delete this song?"
          act="Delete the song"
          run={async () => {
            await samples.remove(id)
            forgetList()
            go("library")
          }}
          onClose={() => ask(false)}
        >
          It and its audio cannot be had back. Stems that were made of it stay with their jobs.
        </Ask>
      )}
    </header>
  )
}

function Facts({ sample, analysis }: { sample: SampleDetails; analysis: Analysis | null }) {
  const tempo = analysis?.tempo?.bpm ?? sample.audioInfo.bpm
  const meter = analysis?.tempo?.meter
  const lufs = analysis?.loudness?.integrated_lufs
  const peak = analysis?.loudness?.true_peak_dbtp
  return (
    <dl class="facts">
      <Fact label="Tempo" value={bpm(tempo)} unit="BPM" />
      <Fact label="Key" value={analysis?.key?.name ?? sample.sample.scale ?? "-"} />
      {meter && <Fact label="Meter" value={`${meter}/4`} />}
      <Fact label="Length" value={clock(sample.audioInfo.duration)} />
      {lufs !== null && lufs !== undefined && <Fact label="Loudness" value={lufs.toFixed(1)} unit="LUFS" />}
      {peak !== null && peak !== undefined && <Fact label="True peak" value={peak.toFixed(1)} unit="dBTP" />}
    </dl>
  )
}

/** Whether it plays; it stops when its page goes. */
function usePlaying(media: HTMLMediaElement): boolean {
  const [playing, set] = useState(false)
  useEffect(() => {
    const shown = () => set(!media.paused)
    for (const event of ["play", "pause", "ended"]) media.addEventListener(event, shown)
    return () => media.pause()
  }, [media])
  return playing
}

function Player({ url, sound, analysis }: { url: string; sound: Sound; analysis: Analysis | null }) {
  const media = useMemo(() => new Audio(url), [url])
  const playing = usePlaying(media)
  const [times, setTimes] = useState(1)
  const [loop, setLoop] = useState<{ start: number; end: number } | null>(null)
  const controls = useRef<Controls | null>(null)
  const toggle = () => void (media.paused ? media.play() : media.pause())
  const seek = (by: number) => {
    media.currentTime = Math.min(Math.max(media.currentTime + by, 0), sound.duration)
  }
  const zoom = (next: number) => {
    const bounded = Math.min(Math.max(next, 1), MOST_ZOOM)
    setTimes(bounded)
    controls.current?.zoom(bounded)
  }
  const around = () => {
    if (loop) return controls.current?.clearLoop()
    const section = analysis?.structure?.find(
      (one) => media.currentTime >= one.start_s && media.currentTime < one.end_s,
    )
    controls.current?.setLoop(
      section?.start_s ?? media.currentTime,
      section?.end_s ?? Math.min(media.currentTime + 8, sound.duration),
    )
  }
  useShortcuts("Song", [
    ["Space", "Play, pause", toggle],
    ["ArrowLeft / ArrowRight", "5 seconds back, forward", (event) => seek(event.key === "ArrowLeft" ? -5 : 5)],
    ["Home", "To the beginning", () => seek(-Infinity)],
    ["l", "Loop this section, or drag over the waveform", around],
    ["+ / -", "Closer, further", (event) => zoom(event.key === "+" ? times * 2 : times / 2)],
  ])
  return (
    <section class="player" aria-label="Player">
      <div class="transport">
        <button type="button" class="play" aria-label={playing ? "Pause" : "Play"} onClick={toggle}>
          <Icon name={playing ? "pause" : "play"} />
        </button>
        <Time media={media} length={sound.duration} analysis={analysis} />
        <span class="fill" />
        <IconButton
          icon="loop"
          label={loop ? "Stop looping" : "Loop this section"}
          on={loop !== null}
          onClick={around}
        />
        {loop && (
          <span class="hint">
            {clock(loop.start, true)} to {clock(loop.end, true)}
          </span>
        )}
        <IconButton icon="out" label="Show more" disabled={times <= 1} onClick={() => zoom(times / 2)} />
        <IconButton icon="in" label="Show closer" disabled={times >= MOST_ZOOM} onClick={() => zoom(times * 2)} />
      </div>
      <Timeline
        sound={sound}
        media={media}
        analysis={analysis}
        onControls={(given) => (controls.current = given)}
        onLoop={setLoop}
      />
    </section>
  )
}

/** The clock, and the chord that sounds. */
function Time({ media, length, analysis }: { media: HTMLMediaElement; length: number; analysis: Analysis | null }) {
  const time = useRef<HTMLSpanElement>(null)
  const sounding = useRef<HTMLSpanElement>(null)
  useFrames(() => {
    const now = media.currentTime
    if (time.current) time.current.textContent = clock(now, true)
    if (!sounding.current) return
    const found = analysis?.chords?.find((one) => now >= one.start_s && now < one.end_s)
    sounding.current.textContent = found ? chord(found.label) : ""
  }, true)
  return (
    <>
      <span class="time">
        <span ref={time}>0:00.0</span> <span class="of">/ {clock(length)}</span>
      </span>
      <span class="sounding" ref={sounding} aria-hidden="true" />
    </>
  )
}
