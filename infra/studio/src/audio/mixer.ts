/** Stems played together: all on one clock, in pieces that are started at one time and to the sample, so that they cannot
 * drift. The next piece is made shortly before it is heard: what is not heard soon takes no memory as sound.
 *
 * The levels follow the same rules as the export (`volumes` and `pans` of its manifest): a stem is multiplied by its
 * volume, and its left side by min(1, 1 - pan), its right side by min(1, 1 + pan).
 */

import { Meter } from "./meter"
import type { Pcm } from "./pcm"

const LEAD_S = 0.06
/** How long a piece is, and how far ahead pieces are made: a page in the background is woken once a second. */
const PIECE_S = 1
const AHEAD_S = 3
const PUMP_MS = 250
const SHORTEST_LOOP_S = 0.05
const GLIDE_S = 0.012
/** The last second that a manifest can name: a cut up to it leaves no rest. */
const END_S = 86_400

export interface Channel {
  name: string
  volume: number
  pan: number
  muted: boolean
  solo: boolean
}

export interface Loop {
  start: number
  end: number
}

export interface Manifest {
  volumes: Record<string, number>
  pans: Record<string, number>
  edits: { stem: string; type: "cut"; start: number; end: number }[]
}

interface Strip {
  gain: GainNode
  left: GainNode
  right: GainNode
  meter: Meter
  sources: Set<AudioBufferSourceNode>
}

/** Frames of the song that are played from a time of the clock on. */
interface Piece {
  at: number
  from: number
  frames: number
}

/** Left and right gain of a stem in the mix. */
export function levels(channel: Channel, all: readonly Channel[], master: number): [number, number] {
  const heard = all.some((one) => one.solo) ? channel.solo : !channel.muted
  const volume = heard ? channel.volume * master : 0
  return [volume * Math.min(1, 1 - channel.pan), volume * Math.min(1, 1 + channel.pan)]
}

/** The mix as heard, in the export's words; with a loop, only what is in it. */
export function manifest(all: readonly Channel[], master: number, only: Loop | null, length: number): Manifest {
  const soloed = all.some((one) => one.solo)
  const told: Manifest = { volumes: {}, pans: {}, edits: [] }
  for (const one of all) {
    const heard = soloed ? one.solo : !one.muted
    told.volumes[one.name] = heard ? one.volume * master : 0
    told.pans[one.name] = one.pan
    if (only && only.start > 0) told.edits.push({ stem: one.name, type: "cut", start: 0, end: only.start })
    if (only && only.end < length) told.edits.push({ stem: one.name, type: "cut", start: only.end, end: END_S })
  }
  return told
}

export class Mixer {
  readonly context: AudioContext
  readonly stems: readonly Pcm[]
  readonly master: Meter
  readonly rateHz: number
  private readonly strips: Strip[]
  private readonly out: GainNode
  private playing = false
  /** Counts what began, so that what was waited for meanwhile is not begun twice. */
  private turn = 0
  private position = 0
  private pieces: Piece[] = []
  /** The next frame of the song to be played, and the frame of the clock at which it will be. */
  private next = { frame: 0, clock: 0 }
  private pump: ReturnType<typeof setInterval> | undefined
  loop: Loop | null = null

  constructor(context: AudioContext, stems: readonly Pcm[]) {
    this.context = context
    this.stems = stems
    this.rateHz = context.sampleRate
    this.out = context.createGain()
    this.master = new Meter(context, this.out)
    this.out.connect(context.destination)
    this.strips = stems.map(() => this.strip())
  }

  get length(): number {
    return Math.max(0, ...this.stems.map((stem) => stem.duration))
  }

  get isPlaying(): boolean {
    return this.playing
  }

  /** Whether it would play if more of the stems were there. */
  get isWaiting(): boolean {
    return this.playing && this.pieces.length === 0
  }

  /** How much of the stems is there, 0 to 1. */
  get loaded(): number {
    const [have, all] = this.stems.reduce((sum, { bytes }) => [sum[0] + bytes[0], sum[1] + bytes[1]], [0, 0])
    return all ? have / all : 1
  }

  /** Seconds of the song that are heard now. */
  get now(): number {
    const clock = this.context.currentTime
    const sounding = this.pieces.findLast((piece) => piece.at <= clock)
    if (!this.playing || !sounding) return this.position
    return sounding.from / this.rateHz + Math.min(clock - sounding.at, sounding.frames / this.rateHz)
  }

  meter(index: number): Meter | undefined {
    return this.strips[index]?.meter
  }

  /** How each stem is being played: for tests that look whether they are together. */
  graph(): { gains: [number, number][]; sources: number } {
    return {
      gains: this.strips.map((strip) => [strip.left.gain.value, strip.right.gain.value]),
      sources: this.strips.filter((strip) => strip.sources.size).length,
    }
  }

  async play(): Promise<void> {
    if (this.playing) return
    this.playing = true
    const turn = ++this.turn
    await this.context.resume()
    if (turn !== this.turn) return
    if (this.position >= this.length - 0.01) this.position = this.loop?.start ?? 0
    this.begin()
    this.pump = setInterval(() => this.fill(), PUMP_MS)
  }

  pause(): void {
    this.position = this.now
    this.halt()
  }

  stop(): void {
    this.halt()
    this.position = this.loop?.start ?? 0
  }

  seek(to: number): void {
    const wasPlaying = this.playing
    this.halt()
    this.position = Math.min(Math.max(to, 0), this.length)
    if (wasPlaying) void this.play()
  }

  setLoop(loop: Loop | null): void {
    const at = this.now
    if (loop && loop.end - loop.start < SHORTEST_LOOP_S) return
    this.loop = loop
    if (this.playing) this.seek(loop && (at < loop.start || at >= loop.end) ? loop.start : at)
  }

  apply(all: readonly Channel[], master: number): void {
    for (const [index, channel] of all.entries()) {
      const strip = this.strips[index]
      if (!strip) continue
      const [left, right] = levels(channel, all, master)
      strip.left.gain.setTargetAtTime(left, this.context.currentTime, GLIDE_S)
      strip.right.gain.setTargetAtTime(right, this.context.currentTime, GLIDE_S)
    }
  }

  async close(): Promise<void> {
    this.halt()
    await this.context.close()
  }

  private halt(): void {
    this.turn++
    clearInterval(this.pump)
    for (const { sources } of this.strips) {
      for (const source of sources) {
        source.onended = null
        source.stop()
        source.disconnect()
      }
      sources.clear()
    }
    this.pieces = []
    this.playing = false
  }

  /** Play from the position on, from a moment that lies on a frame of the clock. */
  private begin(): void {
    const clock = Math.ceil((this.context.currentTime + LEAD_S) * this.rateHz)
    this.next = { frame: Math.round(this.position * this.rateHz), clock }
    this.fill()
  }

  /** Make the pieces that are heard soon. */
  private fill(): void {
    const clock = this.context.currentTime
    this.pieces = this.pieces.filter((piece) => piece.at + (piece.frames / this.rateHz) * 2 > clock)
    const dry = this.next.clock / this.rateHz <= clock
    const over = this.next.frame >= Math.round(this.length * this.rateHz) // a loop goes on at its start
    if (dry && over) return this.stop()
    if (dry) {
      // What is next was not there in time: from here on, as soon as it is.
      this.position = this.next.frame / this.rateHz
      this.pieces = []
      this.next.clock = Math.ceil((clock + LEAD_S) * this.rateHz)
    }
    while (this.next.clock / this.rateHz < clock + AHEAD_S && this.piece());
  }

  /** Make one piece of all stems; tells whether that could be done. */
  private piece(): boolean {
    const whole = Math.round(this.length * this.rateHz)
    const looped = this.loop && this.next.frame < Math.round(this.loop.end * this.rateHz) ? this.loop : null
    const end = looped ? Math.min(Math.round(looped.end * this.rateHz), whole) : whole
    const from = this.next.frame
    const frames = Math.min(Math.round(PIECE_S * this.rateHz), end - from)
    const there = this.stems.every((stem) => stem.ready >= Math.min(from + frames, stem.format.frames))
    if (frames <= 0 || !there) return false
    const at = this.next.clock / this.rateHz
    for (const [index, strip] of this.strips.entries()) {
      const stem = this.stems[index]
      if (stem) this.sound(strip, stem, from, frames, at)
    }
    this.pieces.push({ at, from, frames })
    const after = from + frames
    const again = looped && after >= end
    this.next = {
      frame: again ? Math.round(looped.start * this.rateHz) : after,
      clock: this.next.clock + frames,
    }
    return true
  }

  private sound(strip: Strip, stem: Pcm, from: number, frames: number, at: number): void {
    if (from >= stem.format.frames) return
    const channels = Math.min(stem.format.channels, 2)
    const buffer = this.context.createBuffer(channels, frames, this.rateHz)
    for (let side = 0; side < channels; side++) stem.read(side, from, buffer.getChannelData(side))
    const source = this.context.createBufferSource()
    source.buffer = buffer
    source.connect(strip.gain)
    source.onended = () => {
      strip.sources.delete(source)
      source.disconnect()
    }
    strip.sources.add(source)
    source.start(at)
  }

  private strip(): Strip {
    const context = this.context
    const gain = context.createGain()
    // Mono stems are heard on both sides.
    gain.channelCount = 2
    gain.channelCountMode = "explicit"
    const split = context.createChannelSplitter(2)
    const merge = context.createChannelMerger(2)
    const [left, right] = [context.createGain(), context.createGain()]
    gain.connect(split)
    split.connect(left, 0).connect(merge, 0, 0)
    split.connect(right, 1).connect(merge, 0, 1)
    merge.connect(this.out)
    return { gain, left, right, meter: new Meter(context, merge), sources: new Set() }
  }
}
