/** Sound as it is stored: the samples of a WAV file, kept as they come and made into numbers where they are needed.
 * Decoded by the browser they would take twice the memory or more, and could be heard only once all of them are there.
 */

export interface Format {
  rateHz: number
  channels: number
  bits: 16 | 24 | 32
  frames: number
  /** Where the samples begin in the file. */
  from: number
}

const POINTS = 1200
const LOOKS = 400
const [PCM, FLOAT, EXTENSIBLE] = [1, 3, 0xfffe]
const RIFF_MAX = 0xffffffff

/** What a WAV file says of itself; null while too little of it is there, and `other` for what is none that is understood. */
export function formatOf(head: Uint8Array): Format | "other" | null {
  if (head.length < 12) return null
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const sign = (at: number) => String.fromCharCode(...head.subarray(at, at + 4))
  if (!["RIFF", "RF64"].includes(sign(0)) || sign(8) !== "WAVE") return "other"
  let [kind, channels, rateHz, bits, long] = [0, 0, 0, 0, 0]
  for (let at = 12; at + 8 <= head.length;) {
    const [name, size, from] = [sign(at), view.getUint32(at + 4, true), at + 8]
    if (name === "data") {
      const usable = (kind === PCM && (bits === 16 || bits === 24)) || (kind === FLOAT && bits === 32)
      if (!usable || !channels || !rateHz) return "other"
      const bytes = size === RIFF_MAX ? long : size
      const frames = Math.floor((bytes * 8) / (bits * channels))
      if (!frames) return "other" // written by who did not know yet how long it would be
      return { rateHz, channels, bits: bits as 16 | 24 | 32, frames, from }
    }
    if (from + Math.min(size, 40) > head.length) return null
    if (name === "ds64") long = Number(view.getBigUint64(from + 8, true))
    if (name === "fmt ") {
      kind = view.getUint16(from, true)
      channels = view.getUint16(from + 2, true)
      rateHz = view.getUint32(from + 4, true)
      bits = view.getUint16(from + 14, true)
      if (kind === EXTENSIBLE && size >= 26) kind = view.getUint16(from + 24, true)
    }
    at = from + size + (size & 1)
  }
  return null
}

export class Pcm {
  readonly format: Format
  /** Lowest and highest value of each of equal parts, as far as they are there; for pictures. */
  readonly low = new Float32Array(POINTS)
  readonly high = new Float32Array(POINTS)
  private readonly data: Uint8Array<ArrayBuffer>
  private readonly value: (at: number) => number
  private have = 0
  private looked = 0

  constructor(format: Format) {
    this.format = format
    this.data = new Uint8Array((format.frames * format.channels * format.bits) / 8)
    this.value = valuesOf(this.data, format.bits)
  }

  /** What the browser has decoded. */
  static of(buffer: AudioBuffer): Pcm {
    const channels = buffer.numberOfChannels
    const made = new Pcm({ rateHz: buffer.sampleRate, channels, bits: 32, frames: buffer.length, from: 0 })
    const all = new Float32Array(made.data.buffer)
    for (let side = 0; side < channels; side++) {
      const samples = buffer.getChannelData(side)
      for (let frame = 0; frame < samples.length; frame++) all[frame * channels + side] = samples[frame] ?? 0
    }
    made.have = made.data.length
    return made
  }

  get duration(): number {
    return this.format.frames / this.format.rateHz
  }

  /** Frames that are there. */
  get ready(): number {
    return Math.floor((this.have * 8) / (this.format.bits * this.format.channels))
  }

  get whole(): boolean {
    return this.have === this.data.length
  }

  /** Bytes that are there, and that there will be. */
  get bytes(): readonly [have: number, all: number] {
    return [this.have, this.data.length]
  }

  /** Put the next bytes of the file to those that are there. */
  take(next: Uint8Array): void {
    const fits = next.subarray(0, this.data.length - this.have)
    this.data.set(fits, this.have)
    this.have += fits.length
  }

  /** One channel from a frame on; what is not there is silence. */
  read(channel: number, from: number, into: Float32Array): void {
    const { channels } = this.format
    const count = Math.min(into.length, Math.max(this.ready - from, 0))
    for (let n = 0, at = from * channels + Math.min(channel, channels - 1); n < count; n++, at += channels)
      into[n] = this.value(at)
    into.fill(0, count)
  }

  /** Look at what has come since the last look. */
  look(): void {
    const { frames, channels } = this.format
    const per = frames / POINTS
    const step = Math.max(1, Math.floor(per / LOOKS)) * channels
    for (; this.looked < POINTS; this.looked++) {
      const end = Math.floor((this.looked + 1) * per)
      if (end > this.ready) return
      let [low, high] = [0, 0]
      for (let at = Math.floor(this.looked * per) * channels; at < end * channels; at += step) {
        for (let side = 0; side < channels; side++) {
          const value = this.value(at + side)
          if (value < low) low = value
          if (value > high) high = value
        }
      }
      this.low[this.looked] = low
      this.high[this.looked] = high
    }
  }
}

/** How the sample at a place is read, from -1 to 1. */
function valuesOf(data: Uint8Array<ArrayBuffer>, bits: 16 | 24 | 32): (at: number) => number {
  if (bits === 16) {
    const words = new Int16Array(data.buffer)
    return (at) => (words[at] ?? 0) / 32_768
  }
  if (bits === 32) {
    const floats = new Float32Array(data.buffer)
    return (at) => floats[at] ?? 0
  }
  return (at) => {
    const [low = 0, middle = 0, high = 0] = [data[at * 3], data[at * 3 + 1], data[at * 3 + 2]]
    return (((low << 8) | (middle << 16) | (high << 24)) >> 8) / 8_388_608
  }
}
