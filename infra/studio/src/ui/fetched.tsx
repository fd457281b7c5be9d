/** Pages that are fetched when they are wanted, or when there is nothing else to do. */

import type { FunctionComponent } from "preact"
import { useLoad } from "./hooks"
import { Problem, Waiting } from "./parts"

type Page = FunctionComponent<{ id: string }>

const wanted: (() => Promise<unknown>)[] = []
const AFTER_MS = 2000

export function fetched(load: () => Promise<Page>): Page {
  let page: Page | null = null
  const get = async (): Promise<Page> => (page ??= await load())
  wanted.push(get)
  return function Fetched(props) {
    const found = useLoad<Page>(() => get().catch(unknown), [], page)
    const Shown = page
    if (Shown) return <Shown {...props} />
    return (
      <div class="page">
        {found.problem ? <Problem text={found.problem} again={() => location.reload()} /> : <Waiting />}
      </div>
    )
  }
}

function unknown(): never {
  throw new Error("This page could not be fetched: the line is lost, or the studio was updated meanwhile.")
}

/** Fetch all of them while nobody waits for anything. */
export function fetchAll(): () => void {
  const timer = setTimeout(() => void Promise.allSettled(wanted.map((get) => get())), AFTER_MS)
  return () => clearTimeout(timer)
}
