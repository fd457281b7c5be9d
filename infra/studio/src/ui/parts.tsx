/** Small parts that several pages have. */

import type { ButtonHTMLAttributes, ComponentChildren } from "preact"
import { useEffect, useId, useRef } from "preact/hooks"
import type { JobState } from "../api/types"
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
export const Problem = ({ text, again }: { text: string | null; again?: () => void }) =>
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

const STATES: Record<JobState, string> = {
  queued: "Waiting",
  started: "Working",
  succeeded: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
}

export const StateChip = ({ state }: { state: JobState }) => <span class={`chip ${state}`}>{STATES[state]}</span>

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
  useEffect(() => {
    const dialog = element.current
    dialog?.showModal()
    return () => dialog?.close()
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
    >
      <header>
        <h2 id={id}>{title}</h2>
        {onClose && <IconButton icon="close" label="Close" onClick={onClose} />}
      </header>
      {children}
    </dialog>
  )
}

export const Fact = ({ label, value, unit }: { label: string; value: ComponentChildren; unit?: string }) => (
  <div class="fact">
    <dt>{label}</dt>
    <dd>
      {value}
      {unit && <span class="unit"> {unit}</span>}
    </dd>
  </div>
)
