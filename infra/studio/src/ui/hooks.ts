/** What components watch. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks"
import { backoff, Refused } from "../api/http"
import { current, type Standing, watch } from "../api/session"
import { type Sending, uploads } from "../api/uploads"
import { sentence } from "../api/words"

export function useStanding(): Standing {
  const [standing, set] = useState(current())
  useEffect(() => watch(set), [])
  return standing
}

export function useUploads(): readonly Sending[] {
  const [all, set] = useState(uploads.all())
  useEffect(() => uploads.watch(set), [])
  return all
}

export interface Loaded<T> {
  value: T | null
  problem: string | null
  /** There is no such thing: asking again is of no use. */
  absent: boolean
  /** What is shown is what was asked for before. */
  stale: boolean
  reload: () => void
  set: (value: T) => void
}

export const words = (error: unknown): string =>
  error instanceof Error ? sentence(error.message) : "Something went wrong. Try again."

/** What an asynchronous function gives; anew when one of `on` changes. A broken line is waited out. */
export function useLoad<T>(
  load: (signal: AbortSignal) => Promise<T>,
  on: readonly unknown[],
  before: T | null = null,
): Loaded<T> {
  const [state, set] = useState<{ value: T | null; problem: string | null; absent?: boolean; of: string }>({
    value: before,
    problem: null,
    of: on.join(),
  })
  const [turn, again] = useState(0)
  const of = on.join()
  useEffect(() => {
    const stop = new AbortController()
    const run = async (tries: number): Promise<void> => {
      try {
        const value = await load(stop.signal)
        if (!stop.signal.aborted) set({ value, problem: null, of })
      } catch (error) {
        if (stop.signal.aborted) return
        const absent = error instanceof Refused && error.status === 404
        set((shown) => ({ value: shown.value, problem: words(error), absent, of }))
        if (error instanceof Refused && error.status === 0) {
          await backoff(tries, stop.signal)
          await run(tries + 1)
        }
      }
    }
    run(0).catch(() => undefined)
    return () => stop.abort()
  }, [...on, turn])
  const reload = useCallback(() => again((n) => n + 1), [])
  const { value, problem, absent = false } = state
  const stale = state.of !== of
  return { value, problem, absent, stale, reload, set: (given) => set({ value: given, problem: null, of }) }
}

/** Something that is done once at a time: whether it runs, and what went wrong. */
export function useAction<A extends unknown[]>(
  run: (...given: A) => Promise<void>,
): { busy: boolean; problem: string | null; go: (...given: A) => void; clear: () => void } {
  const [state, set] = useState<{ busy: boolean; problem: string | null }>({ busy: false, problem: null })
  const running = useRef(false)
  const go = (...given: A) => {
    if (running.current) return
    running.current = true
    set({ busy: true, problem: null })
    run(...given)
      .then(
        () => set({ busy: false, problem: null }),
        (error: unknown) => set({ busy: false, problem: words(error) }),
      )
      .finally(() => (running.current = false))
  }
  return { ...state, go, clear: () => set({ busy: false, problem: null }) }
}

/** A value that follows another after a pause, as for a search while somebody types. */
export function useSettled<T>(value: T, ms: number): T {
  const [settled, set] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => set(value), ms)
    return () => clearTimeout(timer)
  }, [value, ms])
  return settled
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} - Patchbay` : "Patchbay"
  }, [title])
}

/** Run at every frame that is drawn. */
export function useFrames(draw: () => void, active: boolean): void {
  const latest = useRef(draw)
  latest.current = draw
  useEffect(() => {
    if (!active) return
    let frame = requestAnimationFrame(function next() {
      latest.current()
      frame = requestAnimationFrame(next)
    })
    return () => cancelAnimationFrame(frame)
  }, [active])
}

/** Width and height of an element in CSS pixels, as they change. */
export function useSize<E extends Element>(): [(element: E | null) => void, number, number] {
  const [size, set] = useState<readonly [number, number]>([0, 0])
  const watcher = useRef<ResizeObserver | null>(null)
  const take = useCallback((element: E | null) => {
    watcher.current?.disconnect()
    if (!element) return
    const tell = (box: { width: number; height: number }) => set([Math.round(box.width), Math.round(box.height)])
    watcher.current = new ResizeObserver(([entry]) => entry && tell(entry.contentRect))
    watcher.current.observe(element)
    tell(element.getBoundingClientRect())
  }, [])
  return [take, ...size]
}
