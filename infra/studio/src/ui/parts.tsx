/** Small parts that several pages have. */

import type { ButtonHTMLAttributes, ComponentChildren } from "preact"
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks"
import type { Shown } from "../api/types"
import { useAction } from "./hooks"
import { Icon, type IconName } from "./icons"

export function Button({
  icon,
  children,
  kind = "plain",
  ...rest
}: { icon?: IconName; kind?: "plain" | "main" | "quiet" | "danger" } & ButtonHTMLAttributes<HTMLButtonElement>) {
  return (
    <button type="button" {...rest} class={`button ${kind}`}>
      {icon && <Icon name={icon} />}
      {children && <span>{children}</span>}
    </button>
  )
}

export function IconButton({
  icon,
  label,
  on,
  ...rest
}: { icon: IconName; label: string; on?: boolean } & ButtonHTMLAttributes<HTMLButtonElement>) {
  return (
    <button
      type="button"
      {...rest}
      class={`icon-button ${on ? "on" : ""} ${rest.class ?? ""}`}
      aria-label={label}
      title={label}
      {...(on !== undefined && { "aria-pressed": on })}
    >
      <Icon name={icon} />
    </button>
  )
}

export function Field({
  label,
  hint,
  children,
}: {
  label: string
  hint?: string
  children: (id: string, hintId: string | undefined) => ComponentChildren
}) {
  const id = useId()
  const hintId = hint ? `${id}-hint` : undefined
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(id, hintId)}
      {hint && (
        <p class="hint" id={hintId}>
          {hint}
        </p>
      )}
    </div>
  )
}

/** What went wrong; with a way to try again, where there is one. */
export const Problem = ({ text, again }: { text: string | null; again?: (() => void) | false }) =>
  text ? (
    <div class="problem" role="alert">
      <Icon name="warn" />
      <p>{text}</p>
      {again && (
        <Button kind="plain" onClick={again}>
          Try again
        </Button>
      )}
    </div>
  ) : null

export const Empty = ({ title, children }: { title: string; children?: ComponentChildren }) => (
  <div class="empty">
    <h2>{title}</h2>
    {children}
  </div>
)

export const Waiting = ({ label = "Loading" }: { label?: string }) => (
  <div class="waiting" role="status">
    <span class="spinner" aria-hidden="true" />
    {label}
  </div>
)

export const Progress = ({ value, label }: { value: number; label: string }) => (
  <progress class="progress" max={1} value={value} aria-label={label}>
    {Math.round(value * 100)} %
  </progress>
)

const STATES: Record<Shown, string> = {
  queued: "Waiting",
  started: "Working",
  succeeded: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
  gone: "Deleted",
}

export const StateChip = ({ state }: { state: Shown }) => <span class={`chip ${state}`}>{STATES[state]}</span>

/** A window over the page. Escape closes it where it can be closed; what had the focus gets it back. */
export function Dialog({
  title,
  onClose,
  children,
  wide,
}: {
  title: string
  onClose?: () => void
  children: ComponentChildren
  wide?: boolean
}) {
  const element = useRef<HTMLDialogElement>(null)
  const id = useId()
  useLayoutEffect(() => {
    const before = document.activeElement
    const dialog = element.current
    dialog?.showModal()
    return () => {
      dialog?.close()
      // The browser gives it back only from a dialog that is closed before it is taken away.
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true })
    }
  }, [])
  return (
    <dialog
      ref={element}
      class={wide ? "dialog wide" : "dialog"}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        onClose?.()
      }}
      // Browsers close one for whom Escape is pressed twice, whatever is wished.
      onClose={({ currentTarget }) => {
        if (!currentTarget.isConnected) return // closed by us
        if (onClose) onClose()
        else currentTarget.showModal()
      }}
    >
      <header>
        <h2 id={id}>{title}</h2>
        {onClose && <IconButton icon="close" label="Close" onClick={onClose} />}
      </header>
      {children}
    </dialog>
  )
}

/** A question before what cannot be undone; what goes wrong is told in it. */
export function Ask({
  title,
  act,
  kind = "danger",
  run,
  onClose,
  children,
}: {
  title: string
  act: string
  kind?: "danger" | "main"
  run: () => Promise<void>
  onClose: () => void
  children: ComponentChildren
}) {
  const action = useAction(async () => {
    await run()
    onClose()
  })
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{children}</p>
      <Problem text={action.problem} />
      <footer>
        <Button onClick={onClose} autofocus>
          Cancel
        </Button>
        <Button kind={kind} onClick={action.go} disabled={action.busy}>
          {act}
        </Button>
      </footer>
    </Dialog>
  )
}

/** Puts a text where others can be pasted from. */
export function Copy({ text, label, kind = "quiet" }: { text: string; label?: string; kind?: "quiet" | "main" }) {
  const [copied, setCopied] = useState(false)
  const action = useAction(async () => {
    await navigator.clipboard.writeText(text).catch(() => {
      throw new Error("Your browser does not let pages copy. Select the text and copy it by hand.")
    })
    setCopied(true)
  })
  return (
    <>
      <Button kind={kind} icon={copied ? "check" : "copy"} onClick={action.go} {...(label && { "aria-label": label })}>
        {copied ? "Copied" : "Copy"}
      </Button>
      {action.problem && (
        <span class="sub wrong" role="alert">
          {action.problem}
        </span>
      )}
    </>
  )
}

export const Fact = ({ label, value, unit }: { label: string; value: ComponentChildren; unit?: string }) => (
  <div class="fact">
    <dt>{label}</dt>
    <dd>
      {value}
      {unit && value !== "-" && <span class="unit"> {unit}</span>}
    </dd>
  </div>
)
