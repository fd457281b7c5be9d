/** Stems, opened together: their beginnings can be heard while the rest arrives. */

import { backoff } from "../api/http"
import { setOnline } from "../api/session"
import { type Format, formatOf, Pcm } from "./pcm"

const MOST_HEAD_BYTES = 65_536
const MOST_BYTES = 1.6e9
const TRIES = 8
const USUAL_HZ = 44_100

interface Source {
  url: string
  signal: AbortSignal
}
interface Begun {
  pcm: Pcm
  source: Source
  /** Of what is whole already there is none. */
  reader: Reader | null
}
type Reader = ReadableStreamDefaultReader<Uint8Array>

/** Open files that belong together, as soon as it is known how long they are. `failed` hears if one cannot be read on. */
export async function openAll(
  urls: readonly string[],
  signal: AbortSignal,
  failed: (problem: Error) => void,
): Promise<Pcm[]> {
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const room = { bytes: MOST_BYTES }
  try {
    const opened = await Promise.all(urls.map((url) => begun({ url, signal: either }, room)))
    if (new Set(opened.map((one) => one.pcm.format.rateHz)).size > 1)
      throw new Error("These stems have not all the same sample rate. Separate the song again to mix them.")
    for (const { pcm, reader, source } of opened) if (reader) rest(pcm, reader, source).catch(failed)
    return opened.map((one) => one.pcm)
  } catch (error) {
    stop.abort()
    throw error
  }
}

async function begun(source: Source, room: { bytes: number }): Promise<Begun> {
  const reader = await got(source, 0)
  let head = new Uint8Array(0)
  let format: Format | "other" | null = null
  for (let over = false; !format && !over;) {
    const next = await reader.read()
    over = next.done || head.length > MOST_HEAD_BYTES
    if (next.value) head = joined(head, next.value)
    format = formatOf(head)
  }
  if (format === "other" || !format) return { pcm: await decoded(head, reader), reader: null, source }
  room.bytes -= (format.frames * format.channels * format.bits) / 8
  if (room.bytes < 0)
    throw new Error("These stems are more than a browser can hold at once. Download them from their job instead.")
  const pcm = new Pcm(format)
  pcm.take(head.subarray(format.from))
  return { pcm, reader, source }
}

/** What is left of a file; where the line breaks, it goes on from there. */
async function rest(pcm: Pcm, reader: Reader, source: Source): Promise<void> {
  for (let tries = 0; !pcm.whole;) {
    try {
      const next = await reader.read()
      if (next.done) throw new Error("The file ends too soon.")
      pcm.take(next.value)
      if (tries) setOnline(true)
      tries = 0
    } catch {
      if (source.signal.aborted) return
      if (++tries > TRIES) {
        setOnline(navigator.onLine) // nothing is tried any more
        throw new Error("The stems could not be read to their end. Try again.")
      }
      setOnline(false)
      await backoff(tries, source.signal).catch(() => undefined)
      reader = await got(source, pcm.format.from + pcm.bytes[0]).catch(() => reader)
    }
  }
}

async function got({ url, signal }: Source, from: number): Promise<Reader> {
  const answer = await fetch(url, {
    credentials: "omit",
    signal,
    ...(from && { headers: { range: `bytes=${from}-` } }),
  })
  if (answer.status !== (from ? 206 : 200) || !answer.body)
    throw new Error(`The stems could not be read (${answer.status}).`)
  return answer.body.getReader()
}

/** What is no WAV is decoded by the browser, in one piece. */
async function decoded(head: Uint8Array, reader: Reader): Promise<Pcm> {
  const parts: Uint8Array<ArrayBuffer>[] = [head.slice()]
  for (let next = await reader.read(); next.value; next = await reader.read()) parts.push(next.value.slice())
  const data = await new Blob(parts).arrayBuffer()
  return Pcm.of(await new OfflineAudioContext(2, 1, USUAL_HZ).decodeAudioData(data))
}

function joined(before: Uint8Array, next: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(before.length + next.length)
  both.set(before)
  both.set(next, before.length)
  return both
}
