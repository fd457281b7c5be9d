/** The overlay of keyboard shortcuts: all that work on the page that is shown. */

import { shortcuts } from "./keys"
import { Dialog } from "./parts"

const SIGNS: Record<string, string> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  "Shift+ArrowLeft": "Shift ←",
  "Shift+ArrowRight": "Shift →",
}

export function Help({ onClose }: { onClose: () => void }) {
  const groups = Map.groupBy(shortcuts(), (one) => one.group)
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose} wide>
      <div class="shortcuts">
        {[...groups].map(([group, list]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {list.map((one) => (
                <div key={one.keys}>
                  <dt>{one.what}</dt>
                  <dd>
                    {one.keys.split(" / ").map((key) => (
                      <kbd key={key}>{SIGNS[key] ?? (key.length === 1 ? key.toUpperCase() : key)}</kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  )
}
