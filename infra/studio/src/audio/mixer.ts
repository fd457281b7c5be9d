/** Stems played together: all on one clock, all started at one time, so that they cannot drift.
 *
 * The levels follow the same rules as the export (`volumes` and `pans` of its manifest): a stem is multiplied by its
 * volume, and its left side by min(1, 1 - pan), its right side by min(1, 1 + pan).
 */

import { Meter } from "./meter"

const LEAD_S = 0.06
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
  source: AudioBufferSourceNode | null
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
  readonly master: Meter
  private readonly strips: Strip[]
  private readonly out: GainNode
  private playing = false
  /** The clock's time at which the song's second 0 would have been heard. */
  private zeroAt = 0
  private position = 0
  private startedAt: number | null = null
  loop: Loop | null = null

  constructor(
    readonly context: AudioContext,
    readonly buffers: readonly AudioBuffer[],
  ) {
    this.out = context.createGain()
    this.master = new Meter(context, this.out)
    this.out.connect(context.destination)
    this.strips = buffers.map(() => this.strip())
  }

  get length(): number {
    return Math.max(0, ...this.buffers.map((buffer) => buffer.duration))
  }

  get isPlaying(): boolean {
    return this.playing
  }

  /** Seconds of the song that are heard now. */
  get now(): number {
    if (!this.playing) return this.position
    const at = this.context.currentTime - this.zeroAt
    const loop = this.loop
    if (loop && at >= loop.end && this.position < loop.end)
      return loop.start + ((at - loop.start) % (loop.end - loop.start))
    return Math.min(Math.max(at, 0), this.length)
  }

  meter(index: number): Meter | undefined {
    return this.strips[index]?.meter
  }

  /** How each stem is being played: for tests that look whether they are together. */
  graph(): { startedAt: number | null; offset: number; gains: [number, number][]; sources: number } {
    return {
      startedAt: this.startedAt,
      offset: this.position,
      gains: this.strips.map((strip) => [strip.left.gain.value, strip.right.gain.value]),
      sources: this.strips.filter((strip) => strip.source).length,
    }
  }

  async play(): Promise<void> {
    if (this.playing) return
    await this.context.resume()
    if (this.position >= this.length - 0.01) this.position = this.loop?.start ?? 0
    const at = this.context.currentTime + LEAD_S
    for (const [index, strip] of this.strips.entries()) {
      const buffer = this.buffers[index]
      if (buffer) strip.source = this.start(strip, buffer, at)
    }
    this.startedAt = at
    this.zeroAt = at - this.position
    this.playing = true
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
    for (const strip of this.strips) {
      if (strip.source) strip.source.onended = null
      strip.source?.stop()
      strip.source?.disconnect()
      strip.source = null
    }
    this.playing = false
    this.startedAt = null
  }

  private start(strip: Strip, buffer: AudioBuffer, at: number): AudioBufferSourceNode {
    const source = this.context.createBufferSource()
    source.buffer = buffer
    if (this.loop && this.position < this.loop.end) {
      source.loop = true
      source.loopStart = this.loop.start
      source.loopEnd = Math.min(this.loop.end, buffer.duration)
    }
    source.connect(strip.gain)
    source.onended = () => {
      if (this.playing && this.now >= this.length - 0.05) this.stop()
    }
    source.start(at, this.position)
    return source
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
    return { gain, left, right, meter: new Meter(context, merge), source: null }
  }
}
