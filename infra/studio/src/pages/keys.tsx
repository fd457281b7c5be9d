/** API keys and webhooks: for programs that use Patchbay in one's name. */

import { useState } from "preact/hooks"
import { keys } from "../api/endpoints"
import type { Key, NewKey } from "../api/types"
import { day, moment } from "../ui/format"
import { useAction, useLoad, useTitle } from "../ui/hooks"
import { Ask, Button, Copy, Dialog, Empty, Field, Problem, Waiting } from "../ui/parts"
import { Webhooks } from "../ui/webhooks"

const DAY_MS = 86_400_000

export function Keys() {
  useTitle("API keys")
  const [making, make] = useState(false)
  const [fresh, setFresh] = useState<NewKey | null>(null)
  const list = useLoad(keys.all, [])
  const shown = (key: NewKey) => {
    make(false)
    setFresh(key)
    list.reload()
  }
  return (
    <div class="page keys">
      <header class="page-head">
        <h1>API keys</h1>
        <Button kind="main" icon="keys" onClick={() => make(true)}>
          New key
        </Button>
      </header>
      <p class="lead">
        A key lets a program of yours use Patchbay in your name, in every dialect. See the <a href="/docs">API docs</a>.
      </p>
      <Problem text={list.problem} again={list.reload} />
      {!list.value && !list.problem && <Waiting />}
      {list.value && !list.value.length && (
        <Empty title="No keys yet">
          <p>Make one for each program, so that one can be revoked without the others.</p>
        </Empty>
      )}
      {list.value && list.value.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>Name</th>
              <th class="begins">Begins with</th>
              <th class="scopes">May</th>
              <th class="when">Made</th>
              <th>State</th>
              <th>
                <span class="unseen">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {list.value.map((key) => (
              <Row key={key.id} of={key} onNew={shown} onChange={list.reload} />
            ))}
          </tbody>
        </table>
      )}
      <Webhooks />
      {making && <Making onClose={() => make(false)} onMade={shown} />}
      {fresh && <Secret of={fresh} onClose={() => setFresh(null)} />}
    </div>
  )
}

function Row({ of, onNew, onChange }: { of: Key; onNew: (key: NewKey) => void; onChange: () => void }) {
  const [asking, ask] = useState<"rotate" | "revoke" | null>(null)
  const state = of.revoked_at
    ? "Revoked"
    : of.usable
      ? of.expires_at
        ? `Until ${day(of.expires_at)}`
        : "In use"
      : "Expired"
  return (
    <tr class={of.usable ? "" : "over"}>
      <td class="name">
        <span dir="auto">{of.name}</span>
        <span class="sub mono narrow">{of.prefix}…</span>
      </td>
      <td class="mono begins">{of.prefix}…</td>
      <td class="scopes">{of.scopes.includes("*") ? "read, write" : of.scopes.join(", ")}</td>
      <td class="when" title={moment(of.created_at)}>
        {day(of.created_at)}
      </td>
      <td>
        <span class={`chip ${of.usable ? "succeeded" : "cancelled"}`}>{state}</span>
      </td>
      <td class="acts">
        {of.usable && (
          <>
            <Button kind="quiet" onClick={() => ask("rotate")} aria-label={`Rotate ${of.name}`}>
              Rotate
            </Button>
            <Button kind="quiet" onClick={() => ask("revoke")} aria-label={`Revoke ${of.name}`}>
              Revoke
            </Button>
          </>
        )}
        {asking === "rotate" && (
          <Ask
            title={`Rotate ${of.name}?`}
            act="Make a new key"
            kind="main"
            run={async () => onNew(await keys.rotate(of.id))}
            onClose={() => ask(null)}
          >
            You get a new key in its place. The old one stays good for an hour, so that programs can be given the new
            one.
          </Ask>
        )}
        {asking === "revoke" && (
          <Ask
            title={`Revoke ${of.name}?`}
            act="Revoke the key"
            run={async () => {
              await keys.revoke(of.id)
              onChange()
            }}
            onClose={() => ask(null)}
          >
            Programs that use it stop working at once, and it cannot be made good again.
          </Ask>
        )}
      </td>
    </tr>
  )
}

function Making({ onClose, onMade }: { onClose: () => void; onMade: (key: NewKey) => void }) {
  const [name, setName] = useState("")
  const [scope, setScope] = useState("*")
  const [days, setDays] = useState("0")
  const make = useAction(async () => {
    const ends = Number(days) ? { expires_at: new Date(Date.now() + Number(days) * DAY_MS).toISOString() } : {}
    onMade(await keys.create({ name: name.trim(), scopes: [scope], ...ends }))
  })
  return (
    <Dialog title="New key" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          make.go()
        }}
      >
        <Field label="What it is for" hint="To tell it from the others: the program, the machine">
          {(id, hint) => (
            <input
              id={id}
              aria-describedby={hint}
              value={name}
              required
              maxLength={255}
              autofocus
              onInput={(event) => setName(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label="It may">
          {(id) => (
            <select id={id} value={scope} onChange={(event) => setScope(event.currentTarget.value)}>
              <option value="*">read and write</option>
              <option value="read">only read</option>
            </select>
          )}
        </Field>
        <Field label="It ends">
          {(id) => (
            <select id={id} value={days} onChange={(event) => setDays(event.currentTarget.value)}>
              <option value="0">when I revoke it</option>
              <option value="30">in 30 days</option>
              <option value="90">in 90 days</option>
              <option value="365">in a year</option>
            </select>
          )}
        </Field>
        <Problem text={make.problem} />
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="main" type="submit" disabled={make.busy || !name.trim()}>
            Make the key
          </Button>
        </footer>
      </form>
    </Dialog>
  )
}

function Secret({ of, onClose }: { of: NewKey; onClose: () => void }) {
  return (
    <Dialog title={`Key for ${of.name}`} onClose={onClose}>
      <p>Copy it now: it is stored nowhere, and cannot be shown again.</p>
      <p class="secret">
        <input
          class="mono"
          readOnly
          value={of.secret}
          aria-label="The key"
          onFocus={(event) => event.currentTarget.select()}
        />
        <Copy text={of.secret} label="Copy the key" kind="main" />
      </p>
      <p class="hint">
        Programs send it as <code>Authorization: Bearer</code>, or as their dialect has it; the{" "}
        <a href="/docs" target="_blank" rel="noopener">
          API docs
        </a>{" "}
        tell.
      </p>
      <footer>
        <Button onClick={onClose}>Done</Button>
      </footer>
    </Dialog>
  )
}
