/** The whole window takes files, on every page. */

import { useEffect, useState } from "preact/hooks"
import { uploads } from "../api/uploads"
import { go, here } from "../router"
import { Icon } from "./icons"

export function DropArea() {
  const [over, setOver] = useState(false)
  useEffect(() => {
    let depth = 0
    const has = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false
    const enter = (event: DragEvent) => has(event) && (depth++, setOver(true))
    const leave = (event: DragEvent) => has(event) && --depth <= 0 && setOver(false)
    const above = (event: DragEvent) => has(event) && event.preventDefault()
    const drop = (event: DragEvent) => {
      if (!has(event)) return
      event.preventDefault()
      depth = 0
      setOver(false)
      uploads.add([...(event.dataTransfer?.files ?? [])])
      // To where they are seen; not away from a dialog, which may show a key that nobody has copied yet.
      if (here().page !== "library" && !document.querySelector("dialog[open]")) go("library")
    }
    const all = Object.entries({ dragenter: enter, dragleave: leave, dragover: above, drop }) as [
      keyof WindowEventMap,
      EventListener,
    ][]
    for (const [name, run] of all) addEventListener(name, run)
    return () => {
      for (const [name, run] of all) removeEventListener(name, run)
    }
  }, [])
  return over ? (
    <div class="drop" aria-hidden="true">
      <Icon name="upload" />
      Drop songs to add them to your library
    </div>
  ) : null
}
