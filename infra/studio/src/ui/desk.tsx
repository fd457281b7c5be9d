/** The desk: a row for each stem, a ruler above them, the transport and the master beside. */

import type { ComponentChildren } from "preact"
import { useEffect, useRef, useState } from "preact/hooks"
import { share } from "../audio/meter"
import type { Channel, Loop, Mixer } from "../audio/mixer"
import { colourOf, pen, wave } from "./canvas"
import { clock, decibels, titled } from "./format"
import { useFrames, useSize } from "./hooks"
import { Icon } from "./icons"
import { Button, IconButton } from "./parts"

const RULER_PX = 28
const LOOK_MS = 500

export interface DeskProps {
  mixer: Mixer
  channels: Channel[]
  master: number
  chosen: number
  playing: boolean
  loop: Loop | null
  links: string[]
  exporting: boolean
  onPlaying: (playing: boolean) => void
  onToggle: () => void
  onChange: (index: number, next: Partial<Channel>) => void
  onMaster: (value: number) => void
  onChoose: (index: number) => void
  onLoop: (loop: Loop | null) => void
  onExport: () => void
  /** Put all back as it was at first; nothing where all is. */
  onReset: (() => void) | null
  /** What is told of the export, under the transport. */
  children?: ComponentChildren
}

export function Desk(props: DeskProps) {
  const { mixer, channels, playing, loop } = props
  const soloed = channels.some((one) => one.solo)
  const loaded = useLoaded(mixer)
  const rows = useRef<HTMLDivElement>(null)
  const line = useRef<HTMLDivElement>(null)
  useFrames(() => {
    if (mixer.isPlaying !== playing) props.onPlaying(mixer.isPlaying)
    const lane = rows.current?.querySelector<HTMLElement>(".lane-area")
    if (line.current && lane)
      line.current.style.transform = `translateX(${lane.offsetLeft + (mixer.now / mixer.length) * lane.clientWidth}px)`
  }, true)
  return (
    <section class="desk" aria-label="Mixer">
      <Transport {...props} loaded={loaded} />
      {props.children}
      <div class="rows" ref={rows} style={{ "--rows": channels.length }}>
        <Ruler mixer={mixer} loop={loop} onLoop={props.onLoop} />
        {channels.map((channel, index) => (
          <Row
            key={channel.name}
            {...props}
            channel={channel}
            index={index}
            loaded={loaded}
            dimmed={soloed ? !channel.solo : channel.muted}
          />
        ))}
        <div class="head" ref={line} aria-hidden="true" />
      </div>
    </section>
  )
}

function Transport(props: DeskProps & { loaded: number }) {
  const { mixer, master, playing, loop, exporting, loaded, onToggle, onMaster, onLoop, onExport, onReset } = props
  const time = useRef<HTMLSpanElement>(null)
  useFrames(() => {
    if (time.current) time.current.textContent = clock(mixer.now, true)
  }, true)
  return (
    <div class="transport">
      <IconButton icon="start" label="To the beginning" onClick={() => mixer.seek(loop?.start ?? 0)} />
      <button type="button" class="play" aria-label={playing ? "Pause" : "Play"} onClick={onToggle}>
        <Icon name={playing ? "pause" : "play"} />
      </button>
      <IconButton
        icon="loop"
        label={loop ? "Stop looping" : "Loop 8 seconds from here"}
        on={loop !== null}
        onClick={() => onLoop(loop ? null : { start: mixer.now, end: Math.min(mixer.now + 8, mixer.length) })}
      />
      <span class="time">
        <span ref={time}>0:00.0</span> <span class="of">/ {clock(mixer.length)}</span>
      </span>
      {loop && (
        <span class="hint">
          Loop {clock(loop.start, true)} to {clock(loop.end, true)}
        </span>
      )}
      {loaded < 1 && (
        <span class="hint">
          {mixer.isWaiting ? "Waiting for the stems" : "Reading the stems"}, {Math.floor(loaded * 100)} %
        </span>
      )}
      <span class="fill" />
      {onReset && (
        <Button kind="quiet" onClick={onReset}>
          Reset
        </Button>
      )}
      <label class="master">
        <span>Master</span>
        <input
          type="range"
          min="0"
          max="1"
          step="0.01"
          value={master}
          aria-valuetext={`${decibels(master)} dB`}
          onInput={(event) => onMaster(event.currentTarget.valueAsNumber)}
          onDblClick={() => onMaster(1)}
        />
        <output>{decibels(master)} dB</output>
      </label>
      <Level read={() => mixer.master.read()} label="Master level" wide />
      <Button kind="main" icon="download" onClick={onExport} disabled={exporting}>
        {exporting ? "Exporting" : loop ? "Export loop" : "Export mix"}
      </Button>
    </div>
  )
}

/** A peak meter of two sides that falls slowly. */
function Level({ read, label, wide }: { read: () => [number, number]; label: string; wide?: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const held = useRef([0, 0])
  const drawn = useRef(false)
  const [width, height] = wide ? [140, 12] : [64, 8]
  useFrames(() => {
    const now = read().map(share)
    const shown = held.current.map((before, side) => Math.max(now[side] ?? 0, before - 0.012))
    const still = shown.every((value, side) => value === held.current[side])
    if (still && drawn.current) return
    held.current = shown
    drawn.current = true
    const context = canvas.current && pen(canvas.current, width, height)
    if (!context) return
    for (const [side, value] of shown.entries()) {
      const top = side * (height / 2 + 1)
      const thick = height / 2 - 1
      context.fillStyle = "#232a34"
      context.fillRect(0, top, width, thick)
      context.fillStyle = value >= 0.999 ? "#ff7a6b" : value > 0.9 ? "#f6be58" : "#6fd0b5"
      context.fillRect(0, top, value * width, thick)
    }
  }, true)
  return <canvas ref={canvas} class={wide ? "level wide" : "level"} role="img" aria-label={label} />
}

type RowProps = DeskProps & { channel: Channel; index: number; dimmed: boolean; loaded: number }

function Row(props: RowProps) {
  const { mixer, channel, index, chosen, dimmed, loaded, onChoose } = props
  const colour = colourOf(channel.name, index)
  return (
    <div
      class={`row ${index === chosen ? "chosen" : ""} ${dimmed ? "dimmed" : ""}`}
      style={{ "--stem": colour }}
      role="group"
      aria-label={titled(channel.name)}
      data-stem={channel.name}
      onPointerDown={() => onChoose(index)}
    >
      <Strip {...props} />
      <Lane mixer={mixer} index={index} colour={dimmed ? "#4a5463" : colour} loaded={loaded} />
    </div>
  )
}

function Strip({ mixer, channel, index, links, onChange }: RowProps) {
  const name = titled(channel.name)
  const side = channel.pan === 0 ? "C" : `${channel.pan < 0 ? "L" : "R"}${Math.round(Math.abs(channel.pan) * 100)}`
  return (
    <div class="strip">
      <div class="name">
        <strong>{name}</strong>
        <Level read={() => mixer.meter(index)?.read() ?? [-60, -60]} label={`Level of ${name}`} />
      </div>
      <div class="switches">
        <Switch kind="mute" name={name} on={channel.muted} onTurn={(muted) => onChange(index, { muted })} />
        <Switch kind="solo" name={name} on={channel.solo} onTurn={(solo) => onChange(index, { solo })} />
        <a
          class="icon-button"
          href={links[index]}
          download={`${channel.name}.wav`}
          aria-label={`Download ${name}`}
          title="Download"
        >
          <Icon name="download" />
        </a>
      </div>
      <Slide
        label="Vol"
        name={`Volume of ${name}`}
        value={channel.volume}
        least={0}
        usual={1}
        shown={decibels(channel.volume)}
        onSlide={(volume) => onChange(index, { volume })}
      />
      <Slide
        label="Pan"
        name={`Pan of ${name}`}
        value={channel.pan}
        least={-1}
        usual={0}
        shown={side}
        onSlide={(pan) => onChange(index, { pan })}
      />
    </div>
  )
}

interface SwitchProps {
  kind: "mute" | "solo"
  name: string
  on: boolean
  onTurn: (on: boolean) => void
}

const Switch = ({ kind, name, on, onTurn }: SwitchProps) => (
  <button
    type="button"
    class={`switch ${kind}`}
    aria-pressed={on}
    aria-label={`${titled(kind)} ${name}`}
    title={titled(kind)}
    onClick={() => onTurn(!on)}
  >
    {kind.charAt(0).toUpperCase()}
  </button>
)

interface SlideProps {
  label: string
  name: string
  value: number
  least: number
  /** Where a double click puts it. */
  usual: number
  shown: string
  onSlide: (value: number) => void
}

const Slide = ({ label, name, value, least, usual, shown, onSlide }: SlideProps) => (
  <label class="slide">
    <span>{label}</span>
    <input
      type="range"
      min={least}
      max={1}
      step={0.01}
      value={value}
      aria-label={name}
      aria-valuetext={shown}
      onInput={(event) => onSlide(event.currentTarget.valueAsNumber)}
      onDblClick={() => onSlide(usual)}
    />
    <output>{shown}</output>
  </label>
)

/** How much of the stems is there, as long as some of it is not. */
function useLoaded(mixer: Mixer): number {
  const [loaded, set] = useState(mixer.loaded)
  useEffect(() => {
    if (mixer.loaded === 1) return set(1)
    const timer = setInterval(() => {
      set(mixer.loaded)
      if (mixer.loaded === 1) clearInterval(timer)
    }, LOOK_MS)
    return () => clearInterval(timer)
  }, [mixer])
  return loaded
}

function Lane({ mixer, index, colour, loaded }: { mixer: Mixer; index: number; colour: string; loaded: number }) {
  const [measure, width, height] = useSize<HTMLDivElement>()
  const canvas = useRef<HTMLCanvasElement>(null)
  const stem = mixer.stems[index]
  useEffect(() => {
    const context = canvas.current && width && pen(canvas.current, width, height)
    if (!context || !stem) return
    stem.look()
    wave(context, stem.low, stem.high, { width: (width * stem.duration) / mixer.length, height }, colour)
  }, [width, height, stem, colour, loaded])
  const seek = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const box = event.currentTarget.getBoundingClientRect()
    mixer.seek(((event.clientX - box.left) / box.width) * mixer.length)
  }
  return (
    <div class="lane-area" ref={measure} onPointerUp={seek}>
      <canvas ref={canvas} aria-hidden="true" />
    </div>
  )
}

/** Seconds; a drag over them sets the loop, a click seeks. */
function Ruler({ mixer, loop, onLoop }: { mixer: Mixer; loop: Loop | null; onLoop: (loop: Loop | null) => void }) {
  const [measure, width] = useSize<HTMLDivElement>()
  const canvas = useRef<HTMLCanvasElement>(null)
  const from = useRef<number | null>(null)
  useEffect(() => {
    const context = canvas.current && width && pen(canvas.current, width, RULER_PX)
    if (!context) return
    const perSecond = width / mixer.length
    const step = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300].find((one) => one * perSecond >= 64) ?? 600
    if (loop) {
      context.fillStyle = "rgba(240, 162, 58, 0.35)"
      context.fillRect(loop.start * perSecond, 0, (loop.end - loop.start) * perSecond, RULER_PX)
    }
    context.font = "11px system-ui, sans-serif"
    context.fillStyle = "#a3adbb"
    for (let at = 0; at < mixer.length; at += step) {
      context.fillRect(at * perSecond, RULER_PX - 8, 1, 8)
      context.fillText(clock(at, step < 1), at * perSecond + 4, 14)
    }
  }, [width, loop])
  const at = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const box = event.currentTarget.getBoundingClientRect()
    return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * mixer.length
  }
  return (
    <div class="row ruler-row">
      <div class="strip hint">Drag here to loop</div>
      <div
        class="lane-area"
        ref={measure}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId)
          from.current = at(event)
        }}
        onPointerMove={(event) => {
          const to = at(event)
          if (from.current === null || Math.abs(to - from.current) < 0.1) return
          onLoop({ start: Math.min(from.current, to), end: Math.max(from.current, to) })
        }}
        onPointerUp={(event) => {
          if (from.current !== null && Math.abs(at(event) - from.current) < 0.1) mixer.seek(from.current)
          from.current = null
        }}
      >
        <canvas ref={canvas} aria-hidden="true" />
      </div>
    </div>
  )
}
