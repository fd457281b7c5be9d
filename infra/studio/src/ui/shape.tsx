/** The small picture of a song in a list. Its peaks never change, so they are asked for once. */

import { useEffect, useRef, useState } from "preact/hooks"
import { samples } from "../api/endpoints"
import { pen, wave } from "./canvas"

const WIDTH = 160
const HEIGHT = 28
const known = new Map<number, Promise<number[]>>()

function peaksOf(id: number): Promise<number[]> {
  const found =
    known.get(id) ??
    samples.get(id).then((sample) => (sample.processing ? Promise.reject(new Error("not yet")) : sample.peaks))
  known.set(id, found)
  found.catch(() => known.delete(id))
  return found
}

export function Shape({ sampleId }: { sampleId: number }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [peaks, set] = useState<number[] | null>(null)
  useEffect(() => {
    const element = canvas.current
    if (!element) return
    const watcher = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return
      watcher.disconnect()
      peaksOf(sampleId).then(set, () => undefined)
    })
    watcher.observe(element)
    return () => watcher.disconnect()
  }, [sampleId])
  useEffect(() => {
    const context = canvas.current && peaks && pen(canvas.current, WIDTH, HEIGHT)
    if (context && peaks) {
      const low = peaks.map((peak) => -peak)
      wave(context, low, peaks, { width: WIDTH, height: HEIGHT }, "#7f8a99")
    }
  }, [peaks])
  return <canvas ref={canvas} class="shape" aria-hidden="true" />
}
