/** Webhooks: addresses of one's own that are told when something happens. */

import { useState } from "preact/hooks"
import { webhooks } from "../api/endpoints"
import type { NewWebhook, Webhook } from "../api/types"
import { day, moment } from "./format"
import { useAction, useLoad } from "./hooks"
import { Ask, Button, Copy, Dialog, Field, Problem, Waiting } from "./parts"

const KINDS: Record<string, string> = {
  "job.succeeded job.failed job.cancelled": "when a job is over",
  "job.*": "of all that jobs do",
  "*": "of everything",
}

const kindOf = (events: string[]): string => KINDS[events.join(" ")] ?? events.join(", ")

export function Webhooks() {
  const [making, make] = useState(false)
  const [fresh, setFresh] = useState<NewWebhook | null>(null)
  const list = useLoad(webhooks.list, [])
  return (
    <section class="panel" aria-labelledby="webhooks-title">
      <header>
        <h2 id="webhooks-title">Webhooks</h2>
        <Button onClick={() => make(true)}>New webhook</Button>
      </header>
      <p class="hint">
        An address of yours that is told by POST when something happens, so that programs need not ask. Each message is
        signed with the webhook's own secret, as Standard Webhooks has it.
      </p>
      <Problem text={list.problem} again={list.reload} />
      {!list.value && !list.problem && <Waiting />}
      <ul class="webhooks">
        {list.value?.map((one) => (
          <Row key={one.id} of={one} onChange={list.reload} />
        ))}
      </ul>
      {making && <Making onClose={() => make(false)} onMade={(made) => (make(false), setFresh(made), list.reload())} />}
      {fresh && <Secret of={fresh} onClose={() => setFresh(null)} />}
    </section>
  )
}

function Row({ of, onChange }: { of: Webhook; onChange: () => void }) {
  const [asking, ask] = useState(false)
  const [tested, setTested] = useState(false)
  const turn = useAction(async () => {
    await webhooks.change(of.id, { enabled: !of.enabled })
    onChange()
  })
  const test = useAction(async () => {
    await webhooks.test(of.id)
    setTested(true)
  })
  return (
    <li class={of.enabled ? "" : "over"}>
      <div class="about">
        <span class="address">{of.url}</span>
        <span class="sub" title={moment(of.created_at)}>
          Told {kindOf(of.events)}, since {day(of.created_at)}
        </span>
        {of.disabled_reason && <span class="sub">Switched off: {of.disabled_reason}</span>}
        {tested && (
          <span class="sub" role="status">
            A test message is on its way.
          </span>
        )}
        {(turn.problem ?? test.problem) && <span class="sub wrong">{turn.problem ?? test.problem}</span>}
      </div>
      <div class="acts">
        <span class={`chip ${of.enabled ? "succeeded" : "cancelled"}`}>{of.enabled ? "On" : "Off"}</span>
        {of.enabled && (
          <Button kind="quiet" onClick={test.go} disabled={test.busy} aria-label={`Send a test to ${of.url}`}>
            Test
          </Button>
        )}
        <Button
          kind="quiet"
          onClick={turn.go}
          disabled={turn.busy}
          aria-label={`Switch ${of.enabled ? "off" : "on"} ${of.url}`}
        >
          {of.enabled ? "Switch off" : "Switch on"}
        </Button>
        <Button kind="quiet" onClick={() => ask(true)} aria-label={`Delete ${of.url}`}>
          Delete
        </Button>
      </div>
      {asking && (
        <Ask
          title="Delete this webhook?"
          act="Delete the webhook"
          run={async () => {
            await webhooks.remove(of.id)
            onChange()
          }}
          onClose={() => ask(false)}
        >
          Nothing more is sent to {of.url}, not even what waits to be, and its secret is forgotten.
        </Ask>
      )}
    </li>
  )
}

function Making({ onClose, onMade }: { onClose: () => void; onMade: (made: NewWebhook) => void }) {
  const [url, setUrl] = useState("")
  const [events, setEvents] = useState(Object.keys(KINDS)[0] ?? "*")
  const make = useAction(async () => onMade(await webhooks.create({ url: url.trim(), events: events.split(" ") })))
  return (
    <Dialog title="New webhook" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          make.go()
        }}
      >
        <Field label="Address" hint="Where messages are sent: https, and to be reached from the internet">
          {(id, hint) => (
            <input
              id={id}
              type="url"
              aria-describedby={hint}
              placeholder="https://"
              value={url}
              required
              maxLength={2048}
              autofocus
              onInput={(event) => setUrl(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label="It is told">
          {(id) => (
            <select id={id} value={events} onChange={(event) => setEvents(event.currentTarget.value)}>
              {Object.entries(KINDS).map(([value, words]) => (
                <option key={value} value={value}>
                  {words}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Problem text={make.problem} />
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="main" type="submit" disabled={make.busy || !url.trim()}>
            Make the webhook
          </Button>
        </footer>
      </form>
    </Dialog>
  )
}

const Secret = ({ of, onClose }: { of: NewWebhook; onClose: () => void }) => (
  <Dialog title="The webhook's secret" onClose={onClose}>
    <p>Give it to the program at {of.url}: with it the program knows that a message is from here.</p>
    <p class="secret">
      <input
        class="mono"
        readOnly
        value={of.secret}
        aria-label="The secret"
        onFocus={(event) => event.currentTarget.select()}
      />
      <Copy text={of.secret} label="Copy the secret" kind="main" />
    </p>
    <footer>
      <Button onClick={onClose}>Done</Button>
    </footer>
  </Dialog>
)
