/** Keyboard shortcuts: one place that listens, so that the overlay can show all that work just now. */

import { useLayoutEffect, useRef } from "preact/hooks"

export interface Shortcut {
  keys: string
  what: string
  group: string
  run: (event: KeyboardEvent) => void
}

const active = new Set<{ current: readonly Shortcut[] }>()

export const shortcuts = (): Shortcut[] => [...active].flatMap((each) => each.current)

/** Keys with " / " between alternatives, what they do, and that. */
export type Entry = readonly [keys: string, what: string, run: (event: KeyboardEvent) => void]

export function useShortcuts(group: string, entries: readonly Entry[]): void {
  const latest = useRef<readonly Shortcut[]>([])
  latest.current = entries.map(([keys, what, run]) => ({ keys, what, group, run }))
  // With the page itself: a key that is pressed as soon as a page is seen is heard.
  useLayoutEffect(() => {
    active.add(latest)
    return () => void active.delete(latest)
  }, [])
}

/** What a key press is called: "Shift+ArrowLeft", "m", "?". */
function called(event: KeyboardEvent): string {
  const key = event.key === " " ? "Space" : event.key.length === 1 ? event.key.toLowerCase() : event.key
  return event.shiftKey && event.key.length > 1 ? `Shift+${key}` : key
}

/** Whether a key press belongs to what has the focus. */
function taken(event: KeyboardEvent): boolean {
  const at = event.target instanceof Element ? event.target : null
  if (!at || document.querySelector("dialog[open]")) return at !== null
  if (at.matches("input:not([type=range],[type=checkbox],[type=radio],[type=file]), textarea, select"))
    return event.key !== "Escape"
  if (at.matches("input[type=range], input[type=radio]") && event.key.startsWith("Arrow")) return true
  return at.matches("button, a, summary, input") && (event.key === " " || event.key === "Enter")
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || taken(event)) return
  const name = called(event)
  const found = shortcuts().find((one) => one.keys.split(" / ").includes(name))
  if (!found) return
  event.preventDefault()
  found.run(event)
})
