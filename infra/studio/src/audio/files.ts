/** Audio files: fetched, decoded at their own rate, and their peaks. */

import { bytes } from "../api/endpoints"

const USUAL_HZ = 44_100

/** Sample rate of a WAV file, as its header has it. */
export function wavRate(data: ArrayBuffer): number | null {
  const view = new DataView(data)
  if (data.byteLength < 28 || view.getUint32(0) !== 0x52494646 || view.getUint32(8) !== 0x57415645) return null
  for (
    let at = 12;
    at + 16 <= data.byteLength;
    at += 8 + view.getUint32(at + 4, true) + (view.getUint32(at + 4, true) & 1)
  ) {
    if (view.getUint32(at) === 0x666d7420) return view.getUint32(at + 12, true)
  }
  return null
}

/** One file, decoded without a device. */
export async function decode(url: string, signal: AbortSignal): Promise<AudioBuffer> {
  const data = await bytes(url, signal)
  return new OfflineAudioContext(2, 1, wavRate(data) ?? USUAL_HZ).decodeAudioData(data)
}

/** Lowest and highest value of each of `count` equal parts, all channels together. */
export function peaks(buffer: AudioBuffer, count: number): { low: Float32Array; high: Float32Array } {
  const low = new Float32Array(count)
  const high = new Float32Array(count)
  const per = buffer.length / count
  // A long part is looked at in steps: a picture needs no more.
  const step = Math.max(1, Math.floor(per / 400))
  for (let channel = 0; channel < buffer.numberOfChannels; channel++) {
    const data = buffer.getChannelData(channel)
    for (let part = 0; part < count; part++) {
      const end = Math.min(Math.floor((part + 1) * per), data.length)
      for (let at = Math.floor(part * per); at < end; at += step) {
        const value = data[at] ?? 0
        if (value < (low[part] ?? 0)) low[part] = value
        if (value > (high[part] ?? 0)) high[part] = value
      }
    }
  }
  return { low, high }
}
