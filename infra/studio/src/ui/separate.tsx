/** Separation of one song: choose a model, watch it, open the stems. */

import { useEffect, useState } from "preact/hooks"
import { batchOf, jobs, processing } from "../api/endpoints"
import { follow } from "../api/live"
import { isOver, type ListedJob, type SeparationModel } from "../api/types"
import { to } from "../router"
import { day } from "./format"
import { useAction, useLoad } from "./hooks"
import { Button, Dialog, Problem, Progress, StateChip, Waiting } from "./parts"

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
      <Problem text={list.problem} />
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
        <Picker audioId={audioId} onClose={() => choose(false)} onDone={() => (choose(false), list.reload())} />
      )}
    </section>
  )
}

export function Separation({ job }: { job: ListedJob }) {
  const [now, set] = useState({ state: job.state, progress: job.progress, problem: job.failure?.message ?? null })
  useEffect(() => {
    if (isOver(job.state)) return
    return follow(job.id, (news) =>
      set({ state: news.state, progress: news.progress, problem: news.job?.failure?.message ?? null }),
    )
  }, [job.id])
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
        <div class="live" role="status">
          <Progress value={now.progress} label="Separation" />
          <span>{now.state === "queued" ? "Waiting for a machine" : `${Math.round(now.progress * 100)} %`}</span>
        </div>
      )}
      {now.problem && <p class="wrong">{now.problem}</p>}
    </li>
  )
}

function Picker({ audioId, onClose, onDone }: { audioId: string; onClose: () => void; onDone: () => void }) {
  const models = useLoad(
    async () => (await processing.models()).sort((a, b) => Number(b.available) - Number(a.available)),
    [],
  )
  const [chosen, choose] = useState<SeparationModel | null>(null)
  const model = chosen ?? models.value?.find((one) => one.available) ?? null
  const order = useAction(async () => {
    if (!model) return
    await processing.separate(audioId, model)
    onDone()
  })
  return (
    <Dialog title="Separate into stems" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          order.go()
        }}
      >
        {!models.value && !models.problem && <Waiting label="Looking for models" />}
        <Problem text={models.problem} />
        <fieldset class="choices">
          <legend class="unseen">Model</legend>
          {models.value?.map((one) => (
            <Choice key={idOf(one)} model={one} chosen={one === model} onChoose={() => choose(one)} />
          ))}
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
      <span class="sub">
        {model.available ? model.description : `${model.description}. Its weights are not installed here.`}
      </span>
    </span>
  </label>
)
