/** A song over time: waveform, spectrogram, chords and form, one under the other on the same seconds. */

import { useEffect, useRef, useState } from "preact/hooks"
import type { Analysis, Span } from "../api/types"
import { peaks } from "../audio/files"
import type { SpectrumOrder } from "../audio/spectrum.worker"
import Spectrum from "../audio/spectrum.worker?worker"
import { type View, Waveform } from "../audio/waveform"
import { HEAT, pen } from "./canvas"
import { chord, clock } from "./format"
import { useFrames, useSize } from "./hooks"

const COLUMNS = 1600
const ROWS = 128
const SPECTRUM_PX = 128
const POINTS = 4000
const SECTION_COLOURS = ["#3a4b63", "#4d4166", "#2f5753", "#5b4a34", "#56394a", "#3d5540"]

export interface Controls {
  zoom: (times: number) => void
  setLoop: (start: number, end: number) => void
  clearLoop: () => void
}

/** What is drawn of a song: its greatest values over time, and where it is short enough all of its samples, both sides in
 * one. Those are given away to be made a spectrogram of: nothing else needs them, and they are most of the memory.
 */
export interface Sound {
  duration: number
  peaks: ArrayLike<number>
  mono: { samples: Float32Array<ArrayBuffer>; rateHz: number } | null
}

export function heard(buffer: AudioBuffer): Sound {
  const { low, high } = peaks(buffer, Math.min(POINTS, buffer.length))
  const both = high.map((top, at) => Math.max(top, -(low[at] ?? 0)))
  return { duration: buffer.duration, peaks: both, mono: { samples: mono(buffer), rateHz: buffer.sampleRate } }
}

interface Props {
  sound: Sound
  media: HTMLMediaElement
  analysis: Analysis | null
  onControls: (controls: Controls) => void
  onLoop: (loop: { start: number; end: number } | null) => void
}

export function Timeline({ sound, media, analysis, onControls, onLoop }: Props) {
  const [measure, width] = useSize<HTMLDivElement>()
  const container = useRef<HTMLDivElement>(null)
  const [view, setView] = useState<View>({ start: 0, perSecond: 1 })
  const surfer = useRef<Waveform | null>(null)
  useEffect(() => {
    if (!container.current) return
    const shape = Float32Array.from(sound.peaks)
    const made = new Waveform(container.current, media, shape, sound.duration, { onView: setView, onLoop })
    surfer.current = made
    onControls({
      zoom: (times) => made.zoom(times),
      setLoop: (start, end) => made.setLoop(start, end),
      clearLoop: () => made.clearLoop(),
    })
    return () => made.destroy()
  }, [sound])
  const seek = (at: number) => {
    media.currentTime = at
  }
  const length = sound.duration
  return (
    <div class="timeline" ref={measure}>
      <Ruler view={view} length={length} width={width} bars={analysis?.downbeats ?? null} />
      <div class="wave" ref={container} />
      {sound.mono ? (
        <Spectrogram sound={sound.mono} duration={length} view={view} width={width} />
      ) : (
        <p class="hint too-long">A song as long as this one is shown without its spectrogram.</p>
      )}
      {analysis?.chords && (
        <Lane
          name="Chords"
          spans={analysis.chords}
          view={view}
          length={length}
          onSeek={seek}
          media={media}
          text={chord}
        />
      )}
      {analysis?.structure && (
        <Lane
          name="Form"
          spans={analysis.structure}
          view={view}
          length={length}
          onSeek={seek}
          media={media}
          text={(label) => label}
          sections
        />
      )}
      <Head media={media} view={view} />
    </div>
  )
}

/** The line that moves over all lanes. */
function Head({ media, view }: { media: HTMLMediaElement; view: View }) {
  const line = useRef<HTMLDivElement>(null)
  useFrames(() => {
    if (line.current)
      line.current.style.transform = `translateX(${(media.currentTime - view.start) * view.perSecond}px)`
  }, true)
  return <div class="head" ref={line} aria-hidden="true" />
}

function Ruler({ view, length, width, bars }: { view: View; length: number; width: number; bars: number[] | null }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const context = canvas.current && pen(canvas.current, width, 24)
    if (!context || !width) return
    const end = Math.min(view.start + width / view.perSecond, length)
    const step = [1, 2, 5, 10, 15, 30, 60, 120, 300].find((one) => one * view.perSecond >= 64) ?? 600
    context.font = "11px system-ui, sans-serif"
    context.fillStyle = "#4a5463"
    for (const at of bars ?? [])
      if (at >= view.start && at <= end) context.fillRect((at - view.start) * view.perSecond, 18, 1, 6)
    context.fillStyle = "#a3adbb"
    for (let at = Math.ceil(view.start / step) * step; at <= end; at += step) {
      const x = (at - view.start) * view.perSecond
      context.fillRect(x, 0, 1, 8)
      context.fillText(clock(at), x + 4, 11)
    }
  }, [view, length, width, bars])
  return <canvas ref={canvas} class="ruler" aria-hidden="true" />
}

interface SpectrogramProps {
  sound: NonNullable<Sound["mono"]>
  duration: number
  view: View
  width: number
}

function Spectrogram({ sound, duration, view, width }: SpectrogramProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [picture, setPicture] = useState<HTMLCanvasElement | null>(null)
  useEffect(() => {
    const worker = new Spectrum()
    worker.onmessage = ({ data }: MessageEvent<Uint8Array>) => {
      setPicture(painted(data))
      worker.terminate()
    }
    const order: SpectrumOrder = { ...sound, columns: COLUMNS, rows: ROWS }
    worker.postMessage(order, [sound.samples.buffer])
    return () => worker.terminate()
  }, [sound])
  useEffect(() => {
    const context = canvas.current && pen(canvas.current, width, SPECTRUM_PX)
    if (!context || !picture || !width) return
    const shown = Math.min(width / view.perSecond, duration)
    context.imageSmoothingEnabled = true
    context.drawImage(
      picture,
      (view.start / duration) * COLUMNS,
      0,
      (shown / duration) * COLUMNS,
      ROWS,
      0,
      0,
      shown * view.perSecond,
      SPECTRUM_PX,
    )
  }, [picture, view, width])
  return (
    <div class="spectrum">
      <canvas ref={canvas} role="img" aria-label="Spectrogram, 40 Hz to 16 kHz" />
      {!picture && <span class="hint">Drawing the spectrogram</span>}
      <span class="scale high">16 kHz</span>
      <span class="scale low">40 Hz</span>
    </div>
  )
}

function mono(buffer: AudioBuffer): Float32Array<ArrayBuffer> {
  const mixed = new Float32Array(buffer.getChannelData(0))
  if (buffer.numberOfChannels > 1) {
    const right = buffer.getChannelData(1)
    for (let at = 0; at < mixed.length; at++) mixed[at] = ((mixed[at] ?? 0) + (right[at] ?? 0)) / 2
  }
  return mixed
}

function painted(levels: Uint8Array): HTMLCanvasElement {
  const canvas = document.createElement("canvas")
  canvas.width = COLUMNS
  canvas.height = ROWS
  const context = canvas.getContext("2d")
  const image = new ImageData(COLUMNS, ROWS)
  for (let column = 0; column < COLUMNS; column++) {
    for (let row = 0; row < ROWS; row++) {
      const level = levels[column * ROWS + row] ?? 0
      image.data.set(HEAT.subarray(level * 4, level * 4 + 4), ((ROWS - 1 - row) * COLUMNS + column) * 4)
    }
  }
  context?.putImageData(image, 0, 0)
  return canvas
}

interface LaneProps {
  name: string
  spans: Span[]
  view: View
  length: number
  media: HTMLMediaElement
  text: (label: string) => string
  onSeek: (at: number) => void
  sections?: boolean
}

function Lane({ name, spans, view, length, media, text, onSeek, sections }: LaneProps) {
  const list = useRef<HTMLDivElement>(null)
  const lit = useRef(-1)
  useFrames(() => {
    const now = spans.findIndex((span) => media.currentTime >= span.start_s && media.currentTime < span.end_s)
    if (now === lit.current) return
    list.current?.children[lit.current]?.classList.remove("lit")
    list.current?.children[now]?.classList.add("lit")
    lit.current = now
  }, true)
  const kinds = [...new Set(spans.map((span) => span.label))]
  return (
    <div class={`lane ${sections ? "sections" : "chords"}`} role="group" aria-label={name}>
      <div
        class="strip"
        ref={list}
        style={{ width: `${length * view.perSecond}px`, transform: `translateX(${-view.start * view.perSecond}px)` }}
      >
        {spans.map((span) => {
          const wide = (span.end_s - span.start_s) * view.perSecond
          const label = text(span.label)
          const place = { left: `${span.start_s * view.perSecond}px`, width: `${Math.max(wide - 1, 1)}px` }
          const colour = sections
            ? { background: SECTION_COLOURS[kinds.indexOf(span.label) % SECTION_COLOURS.length] ?? "" }
            : {}
          return (
            <button
              type="button"
              key={span.start_s}
              tabIndex={-1}
              style={{ ...place, ...colour }}
              title={`${label || "No chord"} at ${clock(span.start_s)}`}
              aria-label={`${name}: ${label || "none"} at ${clock(span.start_s)}`}
              class={label ? "" : "none"}
              onClick={() => onSeek(span.start_s)}
            >
              {wide >= 6 + label.length * 7 ? label : ""}
            </button>
          )
        })}
      </div>
    </div>
  )
}
