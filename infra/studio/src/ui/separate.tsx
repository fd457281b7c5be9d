/** Separation of one song: choose a model, watch it, open the stems. */

import { useRef, useState } from "preact/hooks"
import { batchOf, jobs, processing } from "../api/endpoints"
import { isOver, type ListedJob, type SeparationModel } from "../api/types"
import { sentence } from "../api/words"
import { to } from "../router"
import { Live, useFollowed } from "./followed"
import { day } from "./format"
import { useAction, useLoad } from "./hooks"
import { Button, Dialog, Problem, StateChip, Waiting } from "./parts"

export const SEPARATIONS = [
  "stem-isolation-4",
  "stem-isolation-6",
  "stems-vocals-accompaniment",
  "htdemucs",
  "htdemucs-ft",
  "htdemucs-6s",
  "mdx-extra",
  "lalalai-separation",
]

export function Separations({ audioId }: { audioId: string }) {
  const [choosing, choose] = useState(false)
  const list = useLoad(
    async () =>
      (await jobs.list({ batch_name: batchOf(audioId), limit: 50 })).items.filter((job) =>
        SEPARATIONS.includes(job.workflow),
      ),
    [audioId],
  )
  return (
    <section class="panel" aria-labelledby="stems-title">
      <header>
        <h2 id="stems-title">Stems</h2>
        <Button icon="split" kind="main" onClick={() => choose(true)}>
          Separate
        </Button>
      </header>
      <Problem text={list.problem} again={list.reload} />
      {!list.value && !list.problem && <Waiting />}
      {list.value?.length === 0 && (
        <p class="hint">
          Not separated yet. Separation gives vocals, drums, bass and the rest as files of their own, to mix and to
          download.
        </p>
      )}
      <ul class="jobs-list">
        {list.value?.map((job) => (
          <Separation key={job.id} job={job} />
        ))}
      </ul>
      {choosing && (
        <Picker audioIds={[audioId]} onClose={() => choose(false)} onDone={() => (choose(false), list.reload())} />
      )}
    </section>
  )
}

export function Separation({ job }: { job: ListedJob }) {
  const now = useFollowed(job)
  return (
    <li class="separation" data-job={job.id} data-state={now.state}>
      <div class="about">
        <strong>
          {job.workflow === "lalalai-separation" ? "LALAL.AI" : String(job.params["model"] ?? job.workflow)}
        </strong>
        <span class="sub">{day(job.created_at)}</span>
      </div>
      {now.state === "succeeded" ? (
        <a class="button plain" href={to("mix", job.id)}>
          Open in the mixer
        </a>
      ) : isOver(now.state) ? (
        <StateChip state={now.state} />
      ) : (
        <Live now={now} label="Separation" />
      )}
      {now.problem && <p class="wrong">{sentence(now.problem)}</p>}
    </li>
  )
}

interface PickerProps {
  audioIds: readonly string[]
  onClose: () => void
  onDone: () => void
}

export function Picker({ audioIds, onClose, onDone }: PickerProps) {
  const ordered = useRef(new Set<string>())
  const models = useLoad(processing.models, [])
  const there = models.value?.filter((one) => one.available) ?? []
  const absent = models.value?.filter((one) => !one.available) ?? []
  const [chosen, choose] = useState<SeparationModel | null>(null)
  const model = chosen ?? there[0] ?? null
  const order = useAction(async () => {
    if (!model) return
    for (const audioId of audioIds.filter((one) => !ordered.current.has(one))) {
      await processing.separate(audioId, model)
      ordered.current.add(audioId) // trying again begins where it failed
    }
    onDone()
  })
  return (
    <Dialog
      title={audioIds.length > 1 ? `Separate ${audioIds.length} songs into stems` : "Separate into stems"}
      onClose={onClose}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          order.go()
        }}
      >
        {!models.value && !models.problem && <Waiting label="Looking for models" />}
        <Problem text={models.problem} again={models.reload} />
        <fieldset class="choices">
          <legend class="unseen">Model</legend>
          {there.map((one) => (
            <Choice key={idOf(one)} model={one} chosen={one === model} onChoose={() => choose(one)} />
          ))}
          {absent.length > 0 && (
            <details>
              <summary>{absent.length} more, whose weights are not installed here</summary>
              {absent.map((one) => (
                <Choice key={idOf(one)} model={one} chosen={false} onChoose={() => undefined} />
              ))}
            </details>
          )}
        </fieldset>
        <Problem text={order.problem} />
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="main" type="submit" disabled={!model || order.busy}>
            {order.busy ? "Ordering" : "Separate"}
          </Button>
        </footer>
      </form>
    </Dialog>
  )
}

/** A service elsewhere is there once for each number of stems. */
const idOf = (model: SeparationModel) => (model.engine ? `${model.engine}-${model.stems}` : model.name)

const Choice = ({ model, chosen, onChoose }: { model: SeparationModel; chosen: boolean; onChoose: () => void }) => (
  <label class={`choice ${model.available ? "" : "off"}`}>
    <input
      type="radio"
      name="model"
      value={idOf(model)}
      checked={chosen}
      disabled={!model.available}
      onChange={onChoose}
    />
    <span>
      <strong>{model.name}</strong> <span class="chip">{model.stems} stems</span>
      <span class="sub">{model.description}</span>
    </span>
  </label>
)
