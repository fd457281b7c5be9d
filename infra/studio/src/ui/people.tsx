/** Who is here: the page for visitors, and the dialog for those whose session has ended. */

import { useState } from "preact/hooks"
import { logIn } from "../api/session"
import { useAction } from "./hooks"
import { Button, Dialog, Field, Problem } from "./parts"

export function Welcome() {
  const back = encodeURIComponent(`/studio/${location.hash}`)
  return (
    <main class="lonely welcome">
      <img src="/studio/icon.svg" alt="" width="56" height="56" />
      <h1>Patchbay</h1>
      <p>Split songs into stems, see their chords and form, mix, and compose. On your own machines.</p>
      <p class="actions">
        <a class="button main" href={`/users/log-in?return_to=${back}`}>
          Log in
        </a>
        <a class="button plain" href={`/users/register?return_to=${back}`}>
          Register
        </a>
      </p>
      <p class="hint">
        <a href="/docs">API documentation</a>
      </p>
    </main>
  )
}

export function LogInAgain({ email }: { email: string }) {
  const [password, setPassword] = useState("")
  const [wrong, setWrong] = useState<string | null>(null)
  const action = useAction(async () => setWrong(await logIn(email, password)))
  return (
    <Dialog title="Your session has ended">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          action.go()
        }}
      >
        <p>
          Log in again and go on where you were. Nothing on this page is lost, and uploads that are under way continue.
        </p>
        <Field label="E-mail address">
          {(id) => <input id={id} type="email" value={email} readOnly autocomplete="username" />}
        </Field>
        <Field label="Password">
          {(id) => (
            <input
              id={id}
              type="password"
              value={password}
              onInput={(event) => setPassword(event.currentTarget.value)}
              autocomplete="current-password"
              required
              autofocus
            />
          )}
        </Field>
        <Problem text={wrong ?? action.problem} />
        <footer>
          <a href="/users/log-in" target="_blank" rel="noopener">
            Log in another way
          </a>
          <Button kind="main" type="submit" disabled={action.busy}>
            {action.busy ? "Logging in" : "Log in"}
          </Button>
        </footer>
      </form>
    </Dialog>
  )
}
